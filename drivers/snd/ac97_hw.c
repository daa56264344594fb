// SPDX-License-Identifier: MIT
/* ac97_hw.c - the registers: reset, codec, engines. */
#include <errno.h>

#include "ac97.h"

#define LOOKS	8		/* at CIV and PICB, until two agree */

static const unsigned int engine[UDRV_SND_DIRS] = {
	[UDRV_SND_PLAYBACK] = PO_BASE, [UDRV_SND_CAPTURE] = PI_BASE,
};

static uint16_t nabm16(struct ac97 *c, unsigned int reg)
{
	return udrv_read16(&c->nabm, reg);
}

/* ---- the codec, behind a serial link: ICH 13.2.10, AC97 6.1 ------------------- */

/* A frame on the link takes 21 us, so an access that is under way ends soon. */
static void nam_lock(struct ac97 *c)
{
	if (udrv_wait8(&c->nabm, CAS, 1, 0, 1000))
		udrv_log(c->dev, UDRV_DEBUG, "the codec's semaphore is stuck; going on without");
}

static uint16_t nam_read(struct ac97 *c, unsigned int reg)
{
	nam_lock(c);
	return udrv_read16(&c->nam, reg);
}

static void nam_write(struct ac97 *c, unsigned int reg, uint16_t val)
{
	nam_lock(c);
	udrv_write16(&c->nam, reg, val);
}

static int nam_wait(struct ac97 *c, unsigned int reg, uint16_t bits, unsigned int ms)
{
	for (unsigned int i = 0; i <= ms; i++) {
		if ((nam_read(c, reg) & bits) == bits)
			return 0;
		udrv_usleep(1000);
	}
	return -ETIMEDOUT;
}

/* ---- reset -------------------------------------------------------------------- */

/* ICH 13.2.7: RR only while RPBM is 0. */
static int engine_reset(struct ac97 *c, unsigned int base)
{
	udrv_write8(&c->nabm, base + X_CR, 0);
	/* What is on its way over PCI ends within microseconds. */
	if (udrv_wait8(&c->nabm, base + X_SR, SR_DCH, SR_DCH, 10000))
		return -ETIMEDOUT;
	udrv_write8(&c->nabm, base + X_CR, CR_RR);
	if (udrv_wait8(&c->nabm, base + X_CR, CR_RR, 0, 10000))
		return -ETIMEDOUT;
	udrv_write16(&c->nabm, base + X_SR, SR_FIFOE | SR_BCIS | SR_LVBCI);
	return 0;
}

/* ICH 13.2.8: a codec that sleeps is woken (warm), one in reset is let go
 * (cold); it answers within some ms, AC97 chapter 5 allows it longer. */
static int link_reset(struct ac97 *c)
{
	uint32_t cnt = udrv_read32(&c->nabm, GLOB_CNT);
	uint32_t bit = cnt & GLOB_CNT_COLD ? GLOB_CNT_WARM : 0;

	/* Interrupts of modem and GPIO, and more channels than two: off. */
	udrv_write32(&c->nabm, GLOB_CNT, GLOB_CNT_COLD | bit);
	if (!udrv_wait32(&c->nabm, GLOB_STA, GLOB_STA_PCR, GLOB_STA_PCR, 600000))
		return 0;
	udrv_log(c->dev, UDRV_ERR, "no codec answers on the AC-link");
	return -EIO;
}

bool ac97_hw_there(struct ac97 *c)
{
	return udrv_read32(&c->nabm, GLOB_STA) != UINT32_MAX;
}

int ac97_hw_reset(struct ac97 *c)
{
	static const unsigned int all[] = { PI_BASE, PO_BASE, MC_BASE };
	int ret = 0;

	if (!ac97_hw_there(c))
		return -ENODEV;
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]) && !ret; i++)
		ret = engine_reset(c, all[i]);
	if (ret) {
		udrv_log(c->dev, UDRV_ERR, "a DMA engine does not stop");
		return ret;
	}
	ret = link_reset(c);
	if (ret)
		return ret;
	nam_write(c, NAM_RESET, 0);
	ret = nam_wait(c, NAM_POWERDOWN, POWERDOWN_READY, 1000);
	if (ret)
		udrv_log(c->dev, UDRV_ERR, "the codec does not become ready after its reset");
	return ret;
}

/* ---- set-up ------------------------------------------------------------------- */

int ac97_hw_init(struct ac97 *c)
{
	bool vra = nam_read(c, NAM_EXT_AUDIO_ID) & EXT_AUDIO_VRA;

	nam_write(c, NAM_RECORD_SELECT, 0x0404);
	nam_write(c, NAM_EXT_AUDIO_CTRL, vra ? EXT_AUDIO_VRA : 0);
	c->caps = (struct udrv_snd_caps){
		.formats = 1u << UDRV_SND_S16, .channels = 1u << 2,
		.rate_min = vra ? 8000 : 48000, .rate_max = 48000,
		.period_min = 16, .period_max = BD_SAMPLES_MAX / AC97_FRAME_SAMPLES,
		.periods_max = UINT32_MAX,
	};
	return 0;
}

void ac97_hw_set_volume(struct ac97 *c, unsigned int reg, unsigned int value)
{
	nam_write(c, reg, (uint16_t)value);
}

bool ac97_hw_try_volume(struct ac97 *c, unsigned int reg, unsigned int value)
{
	nam_write(c, reg, (uint16_t)value);
	return nam_read(c, reg) == value;
}

/* AC97 6.3: a rate that the codec does not have reads back as the nearest. */
int ac97_hw_set_rate(struct ac97 *c, enum udrv_snd_dir dir, uint32_t rate)
{
	unsigned int reg = dir == UDRV_SND_PLAYBACK ? NAM_PCM_DAC_RATE : NAM_PCM_ADC_RATE;
	uint16_t now;

	if (nam_read(c, reg) != rate)
		nam_write(c, reg, (uint16_t)rate);
	now = nam_read(c, reg);
	if (now == rate)
		return 0;
	udrv_log(c->dev, UDRV_ERR, "the codec has no rate %u, the nearest is %u", rate, now);
	return -EIO;
}

/* ---- engines: ICH 13.2.1 to 13.2.7 --------------------------------------------- */

void ac97_hw_set_last(struct ac97 *c, enum udrv_snd_dir dir)
{
	/* If the engine has halted for lack of data, this makes it go on. */
	udrv_write8(&c->nabm, engine[dir] + X_LVI, ac97_window_last(&c->window[dir]));
}

int ac97_hw_run(struct ac97 *c, enum udrv_snd_dir dir)
{
	uint64_t iova = c->desc.iova + dir * BD_ENTRIES * sizeof(struct ac97_bd);
	int ret = engine_reset(c, engine[dir]);

	if (ret)
		return ret;
	udrv_write32(&c->nabm, engine[dir] + X_BDBAR, (uint32_t)iova);
	ac97_hw_set_last(c, dir);
	udrv_write8(&c->nabm, engine[dir] + X_CR, CR_RPBM | CR_IOCE | CR_LVBIE | CR_FEIE);
	return 0;
}

/* The engine moves meanwhile: what was read is good if it stood still. */
int ac97_hw_where(struct ac97 *c, enum udrv_snd_dir dir, uint8_t *civ, uint16_t *picb)
{
	unsigned int base = engine[dir];

	for (unsigned int i = 0; i < LOOKS; i++) {
		*civ = udrv_read8(&c->nabm, base + X_CIV);
		*picb = nabm16(c, base + X_PICB);
		if (udrv_read8(&c->nabm, base + X_CIV) != *civ)
			continue;
		/* PICB is counted down before CIV moves on: 0 is the end. */
		if (*civ < BD_ENTRIES)
			return 0;
	}
	return -EIO;
}

int ac97_hw_stop(struct ac97 *c, enum udrv_snd_dir dir)
{
	unsigned int base = engine[dir];

	udrv_write8(&c->nabm, base + X_CR, 0);
	/* Not fatal: if it does not halt, bus mastering goes off. */
	udrv_wait8(&c->nabm, base + X_SR, SR_DCH, SR_DCH, 10000);
	if (udrv_read8(&c->nabm, base + X_PIV) == udrv_read8(&c->nabm, base + X_CIV))
		return -ENODATA;
	return 0;
}

uint16_t ac97_hw_status(struct ac97 *c, enum udrv_snd_dir dir)
{
	uint16_t sr = nabm16(c, engine[dir] + X_SR);

	if (sr == UINT16_MAX)
		return sr;
	sr &= SR_FIFOE | SR_BCIS | SR_LVBCI;
	if (sr)
		udrv_write16(&c->nabm, engine[dir] + X_SR, sr);
	return sr;
}
