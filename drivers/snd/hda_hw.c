// SPDX-License-Identifier: MIT
/* hda_hw.c - the controller's registers: reset, command rings, streams. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "hda.h"

#define CODECS		15
#define RIRB_OFFSET	1024		/* behind a CORB of 256 words */
#define ANSWER_USEC	50000		/* HDA 3.3.26: the next frame but one, 42 us */

static const uint32_t stream_of[UDRV_SND_DIRS] = {
	[UDRV_SND_PLAYBACK] = 1, [UDRV_SND_CAPTURE] = 2,	/* tags; 0 means unused */
};

static uint32_t sd_ctl(struct hda *h, unsigned int n)
{
	return udrv_read32(&h->regs, SD_BASE(n) + SD_CTL) & 0xffffff;
}

/* A byte: the status, beside it, is cleared by writing ones. */
static void sd_ctl_low(struct hda *h, unsigned int n, uint32_t val)
{
	udrv_write8(&h->regs, SD_BASE(n) + SD_CTL, (uint8_t)val);
}

/* HDA 3.3.35: within 40 us the engine has stopped. */
static int sd_stop(struct hda *h, unsigned int n)
{
	sd_ctl_low(h, n, sd_ctl(h, n) & ~(SD_CTL_RUN | SD_CTL_IOCE | SD_CTL_FEIE | SD_CTL_DEIE));
	return udrv_wait32(&h->regs, SD_BASE(n) + SD_CTL, SD_CTL_RUN, 0, 10000);
}

static int sd_reset(struct hda *h, unsigned int n)
{
	int ret = sd_stop(h, n);

	if (ret)
		return ret;
	sd_ctl_low(h, n, SD_CTL_SRST);
	/* QEMU only: SRST never reads as 1; so this may run out of its time. */
	udrv_wait32(&h->regs, SD_BASE(n) + SD_CTL, SD_CTL_SRST, SD_CTL_SRST, 300);
	sd_ctl_low(h, n, 0);
	return udrv_wait32(&h->regs, SD_BASE(n) + SD_CTL, SD_CTL_SRST, 0, 10000);
}

/* ---- reset: HDA 3.3.7, 5.5.1.2 ---------------------------------------------------- */

int hda_hw_reset(struct hda *h)
{
	uint16_t cap = udrv_read16(&h->regs, GCAP);
	unsigned int streams = GCAP_ISS(cap) + GCAP_OSS(cap);

	if (cap == UINT16_MAX)
		return -ENODEV;
	udrv_write32(&h->regs, INTCTL, 0);
	if (udrv_read32(&h->regs, GCTL) & GCTL_CRST) {
		for (unsigned int n = 0; n < streams; n++)
			if (sd_stop(h, n))
				udrv_log(h->dev, UDRV_DEBUG, "stream %u does not stop", n);
		/* QEMU only: the count of answers not seen yet survives the
		 * reset; with one left over it never answers again. */
		udrv_write8(&h->regs, RIRBSTS, RIRBSTS_ALL);
		udrv_write8(&h->regs, CORBCTL, 0);
		udrv_write8(&h->regs, RIRBCTL, 0);
		udrv_wait8(&h->regs, CORBCTL, RING_RUN, 0, 10000);
		udrv_wait8(&h->regs, RIRBCTL, RING_RUN, 0, 10000);
	}
	udrv_write32(&h->regs, GCTL, 0);
	if (udrv_wait32(&h->regs, GCTL, GCTL_CRST, 0, 10000))
		goto stuck;
	udrv_usleep(100);
	udrv_write32(&h->regs, GCTL, GCTL_CRST);
	if (udrv_wait32(&h->regs, GCTL, GCTL_CRST, GCTL_CRST, 10000))
		goto stuck;
	/* Codecs have 25 frames, 521 us, to say that they are there. */
	udrv_usleep(600);
	for (unsigned int n = 0; n < streams; n++)
		if (sd_ctl(h, n) & SD_CTL_RUN)
			goto stuck;
	return 0;
stuck:
	udrv_log(h->dev, UDRV_ERR, "the controller does not obey its reset");
	return -EIO;
}

void hda_hw_streams(struct hda *h)
{
	h->sd[UDRV_SND_CAPTURE] = 0;
	h->sd[UDRV_SND_PLAYBACK] = GCAP_ISS(udrv_read16(&h->regs, GCAP));
}

/* ---- verbs: HDA 4.4 ------------------------------------------------------------------ */

static int send(struct hda *h, uint32_t word, uint32_t *response)
{
	uint32_t *corb = h->rings.va;
	uint64_t *rirb = (uint64_t *)((char *)h->rings.va + RIRB_OFFSET);
	unsigned int next = (h->rirb_rp + 1) % h->ring_size;
	uint64_t end = udrv_now_ns() + ANSWER_USEC * 1000ull;

	h->corb_wp = (h->corb_wp + 1) % h->ring_size;
	corb[h->corb_wp] = htole32((uint32_t)h->address << 28 | word);
	udrv_write16(&h->regs, CORBWP, (uint16_t)h->corb_wp);
	while (udrv_read16(&h->regs, RIRBWP) != next) {
		if (udrv_now_ns() > end) {
			udrv_log(h->dev, UDRV_ERR, "codec %u does not answer verb %#x", h->address, word);
			return -ETIMEDOUT;
		}
		udrv_usleep(10);
	}
	h->rirb_rp = next;
	/* RINTCNT is 1: no further verb is answered before this is seen. */
	udrv_write8(&h->regs, RIRBSTS, RIRBSTS_ALL);
	/* The lower half is the answer, the upper one says whose. */
	*response = le32toh((uint32_t)*(volatile uint64_t *)&rirb[next]);
	return 0;
}

static int verb(struct hda_codec *codec, uint32_t word, uint32_t *response)
{
	struct hda *h = (struct hda *)((char *)codec - offsetof(struct hda, codec));

	return send(h, word, response);
}

static int rings_on(struct hda *h)
{
	uint8_t size = udrv_read8(&h->regs, CORBSIZE) & udrv_read8(&h->regs, RIRBSIZE);
	uint8_t code = size & RING_SIZE_CAP_256 ? 2 : size & RING_SIZE_CAP_16 ? 1 : 0;

	h->ring_size = code == 2 ? 256 : code == 1 ? 16 : 2;
	h->corb_wp = h->rirb_rp = 0;
	udrv_write8(&h->regs, CORBSIZE, code);
	udrv_write8(&h->regs, RIRBSIZE, code);
	udrv_write32(&h->regs, CORBLBASE, (uint32_t)h->rings.iova);
	udrv_write32(&h->regs, CORBUBASE, 0);
	udrv_write32(&h->regs, RIRBLBASE, (uint32_t)h->rings.iova + RIRB_OFFSET);
	udrv_write32(&h->regs, RIRBUBASE, 0);
	/* The reset of the controller has set CORBRP to 0. */
	udrv_write16(&h->regs, CORBWP, 0);
	udrv_write16(&h->regs, RIRBWP, RIRBWP_RST);
	udrv_write16(&h->regs, RINTCNT, 1);
	udrv_write32(&h->regs, DPLBASE, 0);
	udrv_write8(&h->regs, RIRBCTL, RING_RUN | RIRBCTL_RINTCTL);
	udrv_write8(&h->regs, CORBCTL, RING_RUN);
	if (udrv_read16(&h->regs, CORBRP) & 0xff)
		return -EIO;
	return udrv_wait8(&h->regs, CORBCTL, RING_RUN, RING_RUN, 10000);
}

static int open_codec(struct hda *h)
{
	int ret = 0;

	for (unsigned int dir = 0; dir < UDRV_SND_DIRS && !ret; dir++) {
		if (!h->codec.path[dir].n)
			continue;
		h->caps[dir] = hda_caps(h->codec.path[dir].pcm);
		ret = hda_codec_open_path(&h->codec, dir);
	}
	return ret;
}

int hda_hw_init(struct hda *h)
{
	uint16_t there = udrv_read16(&h->regs, STATESTS);
	int ret = rings_on(h);

	if (ret) {
		udrv_log(h->dev, UDRV_ERR, "the command rings do not start");
		return ret;
	}
	for (h->address = 0; h->address < CODECS; h->address++) {
		if (!(there >> h->address & 1))
			continue;
		h->codec = (struct hda_codec){ .verb = verb };
		if (hda_codec_discover(&h->codec))
			continue;
		ret = open_codec(h);
		udrv_write32(&h->regs, INTCTL, INTCTL_GIE | 1u << h->sd[UDRV_SND_PLAYBACK] |
			     1u << h->sd[UDRV_SND_CAPTURE]);
		return ret;
	}
	udrv_log(h->dev, UDRV_ERR, there ? "no codec has a way in or out for sound" :
		 "there is no codec on the link");
	return -ENODEV;
}

/* ---- streams: HDA 4.5 ----------------------------------------------------------------- */

int hda_hw_prepare(struct hda *h, enum udrv_snd_dir dir, unsigned int entries, uint32_t bytes)
{
	unsigned int n = h->sd[dir], base = SD_BASE(n);
	int ret = sd_reset(h, n);

	if (ret)
		return ret;
	udrv_write8(&h->regs, base + SD_STS, SD_STS_ALL);
	udrv_write32(&h->regs, base + SD_BDPL, (uint32_t)h->bdl[dir].iova);
	udrv_write32(&h->regs, base + SD_BDPU, 0);
	udrv_write32(&h->regs, base + SD_CBL, bytes);
	udrv_write16(&h->regs, base + SD_LVI, (uint16_t)(entries - 1));
	udrv_write16(&h->regs, base + SD_FMT, h->format[dir]);
	ret = hda_codec_set_format(&h->codec, dir, h->format[dir], stream_of[dir]);
	if (ret)
		return ret;
	udrv_write32(&h->regs, base + SD_CTL, SD_CTL_STRM(stream_of[dir]) | SD_CTL_IOCE |
		     SD_CTL_FEIE | SD_CTL_DEIE);
	return 0;
}

void hda_hw_go(struct hda *h, enum udrv_snd_dir dir)
{
	sd_ctl_low(h, h->sd[dir], SD_CTL_RUN | SD_CTL_IOCE | SD_CTL_FEIE | SD_CTL_DEIE);
}

uint32_t hda_hw_where(struct hda *h, enum udrv_snd_dir dir)
{
	return udrv_read32(&h->regs, SD_BASE(h->sd[dir]) + SD_LPIB);
}

void hda_hw_stop(struct hda *h, enum udrv_snd_dir dir)
{
	/* Not fatal: if it does not stop, bus mastering goes off. */
	if (sd_stop(h, h->sd[dir]))
		udrv_log(h->dev, UDRV_WARN, "stream %u does not stop", h->sd[dir]);
}

int hda_hw_status(struct hda *h)
{
	uint32_t sts = udrv_read32(&h->regs, INTSTS);
	int dirs = 0;

	if (sts == UINT32_MAX)
		return -ENODEV;
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		if (!(sts >> h->sd[dir] & 1))
			continue;
		udrv_write8(&h->regs, SD_BASE(h->sd[dir]) + SD_STS, SD_STS_ALL);
		dirs |= 1 << dir;
	}
	return dirs;
}
