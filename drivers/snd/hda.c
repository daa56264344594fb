// SPDX-License-Identifier: MIT
/*
 * hda.c - Intel High Definition Audio as a udrv driver.
 *
 * The engine runs in circles through the ring and never halts by itself.  So
 * what was played is zeroed, for the case that the application, or the next
 * driver after our death, comes late: silence is played then, not old sound.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "hda.h"

/* What the checkpoint's marks mean here. */
enum {
	MARK_START,		/* the frame at the list's beginning */
	MARK_LIMIT,		/* the application's data end there */
	MARK_ZEROED,		/* all before it was played and zeroed */
	MARK_GO,		/* not 0: LPIB counts from MARK_START */
};

struct bdl_entry {
	uint64_t addr;		/* little-endian, as all here */
	uint32_t len, flags;
};

static struct udrv_snd_stream *stream(struct hda *h, enum udrv_snd_dir dir)
{
	return &h->snd.stream[dir];
}

/* In this order for whoever comes after us. */
static void mark(struct udrv_snd_stream *s, unsigned int which, uint64_t value)
{
	__atomic_store_n(&s->state->mark[which], value, __ATOMIC_SEQ_CST);
}

/* Up to frame, of which at most a ring is left to do. */
static void zero_played(struct udrv_snd_stream *s, uint64_t frame)
{
	const struct udrv_snd_params *p = &s->state->params;
	uint64_t *zeroed = &s->state->mark[MARK_ZEROED];
	unsigned int bytes = udrv_snd_frame_bytes(p);

	if (s->dir != UDRV_SND_PLAYBACK || frame <= *zeroed)
		return;
	if (frame - *zeroed > p->frames)
		*zeroed = frame - p->frames;
	while (*zeroed < frame) {
		uint64_t at = *zeroed % p->frames, n = p->frames - at;

		if (n > frame - *zeroed)
			n = frame - *zeroed;
		memset((char *)s->ring.va + at * bytes, 0, n * bytes);
		*zeroed += n;
	}
}

/* LPIB tells where in the circle; the last known frame tells which round. */
static uint64_t frame_at(const struct udrv_snd_stream_state *state, uint32_t lpib)
{
	const struct udrv_snd_params *p = &state->params;
	uint64_t then = (state->hw - state->mark[MARK_START]) % p->frames;
	uint64_t now = lpib / udrv_snd_frame_bytes(p) % p->frames;

	return state->hw + (now + p->frames - then) % p->frames;
}

/* ---- what the class asks for -------------------------------------------------- */

static int prepare(struct udrv_dev *dev, enum udrv_snd_dir dir,
		   const struct udrv_snd_params *params)
{
	struct hda *h = udrv_priv(dev);

	h->format[dir] = hda_format(params, h->codec.path[dir].pcm);
	return 0;
}

/*
 * The list begins with the frame at hand and goes once around.  HDA 3.6.2 wants
 * buffers to begin at multiples of 128 bytes; after a pause or a restart the
 * first one does not.  QEMU's model takes any frame; no real chip was tried.
 */
static unsigned int make_list(struct hda *h, enum udrv_snd_dir dir, uint64_t frame)
{
	struct udrv_snd_stream *s = stream(h, dir);
	const struct udrv_snd_params *p = &s->state->params;
	struct bdl_entry *list = h->bdl[dir].va;
	unsigned int bytes = udrv_snd_frame_bytes(p), n = 0;
	uint64_t end = frame + p->frames;

	while (frame < end) {
		uint64_t next = frame - frame % p->period + p->period;

		if (next > end)
			next = end;
		list[n++] = (struct bdl_entry){
			.addr = htole64(s->ring.iova + frame % p->frames * bytes),
			.len = htole32((uint32_t)(next - frame) * bytes),
			.flags = htole32(BDL_IOC),
		};
		frame = next;
	}
	return n;
}

static int run(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t frame, uint64_t limit)
{
	struct hda *h = udrv_priv(dev);
	struct udrv_snd_stream *s = stream(h, dir);
	const struct udrv_snd_params *p = &s->state->params;

	int ret;

	mark(s, MARK_GO, 0);
	zero_played(s, frame);
	mark(s, MARK_START, frame);
	mark(s, MARK_LIMIT, limit);
	ret = hda_hw_prepare(h, dir, make_list(h, dir, frame),
			     p->frames * udrv_snd_frame_bytes(p));
	if (ret)
		return ret;
	mark(s, MARK_GO, 1);
	hda_hw_go(h, dir);
	return 0;
}

static void extend(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t limit)
{
	struct hda *h = udrv_priv(dev);

	mark(stream(h, dir), MARK_LIMIT, limit);
}

static void gone(struct hda *h)
{
	if (!h->gone)
		udrv_log(h->dev, UDRV_ERR, "device is gone: its registers read as all ones");
	h->gone = true;
	udrv_loop_stop(udrv_loop(h->dev), -ENODEV);
}

static uint64_t position(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	struct hda *h = udrv_priv(dev);
	struct udrv_snd_stream *s = stream(h, dir);
	uint32_t lpib = h->gone ? UINT32_MAX : hda_hw_where(h, dir);
	uint64_t frame;

	if (lpib == UINT32_MAX) {
		gone(h);
		return s->state->hw;
	}
	frame = frame_at(s->state, lpib);
	/* Before the application learns that this part of the ring is free. */
	zero_played(s, frame < s->limit ? frame : s->limit);
	return frame;
}

static uint64_t halt_stream(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	struct hda *h = udrv_priv(dev);

	if (h->gone)
		return stream(h, dir)->state->hw;
	hda_hw_stop(h, dir);
	return position(dev, dir);
}

static int set_control(struct udrv_dev *dev, unsigned int control, const int32_t value[2])
{
	struct hda *h = udrv_priv(dev);

	return hda_mixer_set(&h->mixer, &h->codec, control, value);
}

static const struct udrv_snd_ops snd_ops = {
	.prepare = prepare,
	.run = run,
	.extend = extend,
	.position = position,
	.halt = halt_stream,
	.set = set_control,
};

static void irq(struct udrv_dev *dev, unsigned int vec)
{
	struct hda *h = udrv_priv(dev);
	int dirs = h->gone ? 0 : hda_hw_status(h);

	if (dirs < 0) {
		gone(h);
		return;
	}
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++)
		if (dirs >> dir & 1)
			udrv_snd_service(&h->snd, dir);
}

/* ---- life ------------------------------------------------------------------- */

/* Where a driver's engine stood when it was stopped now, if it died a moment
 * ago.  Later than a ring: it has gone around, and all data were played.  What the
 * application has written meanwhile was there in time: it writes ahead. */
static uint64_t inherited(struct hda *h, const struct udrv_snd_stream_state *state,
			  enum udrv_snd_dir dir)
{
	const struct udrv_snd_params *p = &state->params;
	uint64_t frame, limit = state->mark[MARK_LIMIT], written = udrv_snd_written(h->dev, dir);
	uint64_t ring_ns = p->rate ? p->frames * 1000000000ull / p->rate : 0;
	uint32_t lpib;

	if (!p->frames || !p->channels || state->hw < state->mark[MARK_START])
		return state->hw;
	lpib = hda_hw_where(h, dir);
	if (lpib == UINT32_MAX)
		return state->hw;
	frame = frame_at(state, lpib);
	if (written > limit)
		limit = written;
	if (frame > limit || udrv_now_ns() - state->hw_ns >= ring_ns)
		frame = limit;
	return frame;
}

static void halt(struct udrv_dev *dev)
{
	struct hda *h = udrv_priv(dev);

	h->dev = dev;
	if (udrv_bar_map(dev, BAR_HDA, &h->regs))
		return;
	hda_hw_streams(h);
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		struct udrv_snd_stream_state *state = udrv_snd_running(dev, dir);
		uint64_t frame;

		if (!state)
			continue;
		hda_hw_stop(h, dir);
		/* Told to run, but it never got that far? */
		frame = state->mark[MARK_GO] ? inherited(h, state, dir) : state->hw;
		if (udrv_snd_inherit(state, frame))
			udrv_log(dev, UDRV_WARN, "stopped at frame %lld, which cannot be: going on from %llu",
				 (long long)frame, (unsigned long long)state->hw);
	}
}

static int reset(struct udrv_dev *dev)
{
	struct hda *h = udrv_priv(dev);
	int ret;

	h->dev = dev;
	ret = udrv_bar_map(dev, BAR_HDA, &h->regs);
	return ret ? ret : hda_hw_reset(h);
}

static int alloc(struct hda *h)
{
	int ret = udrv_dma_alloc(h->dev, 4096, &h->rings);

	for (unsigned int dir = 0; dir < UDRV_SND_DIRS && !ret; dir++)
		ret = udrv_dma_alloc(h->dev, BDL_ENTRIES * sizeof(struct bdl_entry), &h->bdl[dir]);
	return ret;
}

static int start(struct udrv_dev *dev)
{
	struct hda *h = udrv_priv(dev);
	const struct udrv_snd_caps *caps[UDRV_SND_DIRS];
	int ret;

	h->gone = false;
	hda_hw_streams(h);
	if (udrv_irq_count(dev, UDRV_IRQ_MSI))
		udrv_irq_select(dev, UDRV_IRQ_MSI);
	ret = alloc(h);
	if (!ret)
		ret = hda_hw_init(h);
	if (!ret)
		ret = udrv_irq_enable(dev, 0, irq);
	if (!ret) {
		hda_mixer_find(&h->mixer, &h->codec);
		/* Before the first frame is heard. */
		ret = udrv_snd_mixer_start(&h->snd, dev, &snd_ops, h->mixer.control, h->mixer.n);
	}
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++)
		caps[dir] = h->codec.path[dir].n ? &h->caps[dir] : NULL;
	return ret ? ret : udrv_snd_start(&h->snd, dev, &snd_ops, caps);
}

static void stop(struct udrv_dev *dev)
{
	struct hda *h = udrv_priv(dev);

	udrv_snd_stop(&h->snd);
	/* Its answer does not matter: bus mastering is off even so. */
	udrv_reset(dev);
}

static const struct udrv_id ids[] = {
	{ 0x8086, 0x2668 },		/* ICH6 */
	{ 0x8086, 0x293e },		/* ICH9 */
	{ 0, 0 }
};

const struct udrv_driver hda_driver = {
	.name = "hda",
	.ids = ids,
	.regs = hda_names,
	.priv_size = sizeof(struct hda),
	.dma_size = 3 * 4096 + UDRV_SND_DIRS * UDRV_SND_RING_SIZE,
	.halt = halt,
	.reset = reset,
	.start = start,
	.stop = stop,
};
