// SPDX-License-Identifier: MIT
/*
 * ac97.c - Intel 82801AA (ICH) AC'97 as a udrv driver.
 *
 * The engine halts by itself behind the last descriptor (LVI), so a driver that
 * dies never leaves stale sound playing.
 */
#include <errno.h>

#include "ac97.h"

static int prepare(struct udrv_dev *dev, enum udrv_snd_dir dir,
		   const struct udrv_snd_params *params)
{
	struct ac97 *c = udrv_priv(dev);
	struct ac97_window *w = &c->window[dir];

	w->bd = (struct ac97_bd *)c->desc.va + dir * BD_ENTRIES;
	w->mark = c->snd.stream[dir].state->mark;
	w->iova = (uint32_t)c->snd.stream[dir].ring.iova;
	w->period = params->period;
	w->frames = params->frames;
	return ac97_hw_set_rate(c, dir, params->rate);
}

static int run(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t frame, uint64_t limit)
{
	struct ac97 *c = udrv_priv(dev);

	ac97_window_begin(&c->window[dir], frame);
	ac97_window_fill(&c->window[dir], limit);
	return ac97_hw_run(c, dir);
}

static void extend(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t limit)
{
	struct ac97 *c = udrv_priv(dev);

	if (ac97_window_fill(&c->window[dir], limit))
		ac97_hw_set_last(c, dir);
}

static void gone(struct ac97 *c)
{
	if (!c->gone)
		udrv_log(c->dev, UDRV_ERR, "device is gone: its registers read as all ones");
	c->gone = true;
	udrv_loop_stop(udrv_loop(c->dev), -ENODEV);
}

static uint64_t position(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	struct ac97 *c = udrv_priv(dev);
	uint16_t picb;
	uint8_t civ;

	if (c->gone || ac97_hw_where(c, dir, &civ, &picb)) {
		if (!ac97_hw_there(c))
			gone(c);
		return c->snd.stream[dir].state->hw;
	}
	ac97_window_advance(&c->window[dir], civ);
	return ac97_window_position(c->window[dir].mark, civ, picb);
}

static uint64_t halt_stream(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	struct ac97 *c = udrv_priv(dev);

	if (c->gone || ac97_hw_stop(c, dir))
		return c->snd.stream[dir].state->hw;
	return position(dev, dir);
}

static const struct udrv_snd_ops snd_ops = {
	.halts = true,
	.prepare = prepare,
	.run = run,
	.extend = extend,
	.position = position,
	.halt = halt_stream,
	.set = ac97_mixer_set,
};

static void irq(struct udrv_dev *dev, unsigned int vec)
{
	struct ac97 *c = udrv_priv(dev);

	for (unsigned int dir = 0; dir < UDRV_SND_DIRS && !c->gone; dir++) {
		uint16_t sr = ac97_hw_status(c, dir);

		if (sr == UINT16_MAX)
			gone(c);
		else if (sr)
			udrv_snd_service(&c->snd, dir);
	}
}

/* ---- life ------------------------------------------------------------------- */

static int map_bars(struct ac97 *c, struct udrv_dev *dev)
{
	int ret;

	c->dev = dev;
	ret = udrv_bar_map(dev, BAR_NAM, &c->nam);
	return ret ? ret : udrv_bar_map(dev, BAR_NABM, &c->nabm);
}

/* Our own engines, or those of a driver that died: the marks in the checkpoint
 * say which frame their registers mean. */
static void halt(struct udrv_dev *dev)
{
	struct ac97 *c = udrv_priv(dev);
	uint16_t picb;
	uint8_t civ;

	if (map_bars(c, dev))
		return;
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		struct udrv_snd_stream_state *state = udrv_snd_running(dev, dir);
		uint64_t frame;

		if (!state)
			continue;
		if (ac97_hw_stop(c, dir) || ac97_hw_where(c, dir, &civ, &picb)) {
			udrv_snd_inherit(state, state->hw);
			continue;
		}
		frame = ac97_window_position(state->mark, civ, picb);
		if (udrv_snd_inherit(state, frame))
			udrv_log(dev, UDRV_WARN, "stopped at frame %lld, which cannot be: going on from %llu",
				 (long long)frame, (unsigned long long)state->hw);
	}
}

static int reset(struct udrv_dev *dev)
{
	struct ac97 *c = udrv_priv(dev);
	int ret = map_bars(c, dev);

	return ret ? ret : ac97_hw_reset(c);
}

static int start(struct udrv_dev *dev)
{
	struct ac97 *c = udrv_priv(dev);
	const struct udrv_snd_caps *caps[UDRV_SND_DIRS] = { &c->caps, &c->caps };
	int ret;

	c->gone = false;
	ret = udrv_dma_alloc(dev, UDRV_SND_DIRS * BD_ENTRIES * sizeof(struct ac97_bd), &c->desc);
	if (!ret)
		ret = ac97_hw_init(c);
	if (!ret && !ac97_hw_there(c))
		ret = -ENODEV;
	/* Before the first engine goes, or its interrupt might be missed. */
	if (!ret)
		ret = udrv_irq_enable(dev, 0, irq);
	/* Before the first frame is heard. */
	if (!ret)
		ret = udrv_snd_mixer_start(&c->snd, dev, &snd_ops, c->control, ac97_mixer_list(c));
	return ret ? ret : udrv_snd_start(&c->snd, dev, &snd_ops, caps);
}

static void stop(struct udrv_dev *dev)
{
	struct ac97 *c = udrv_priv(dev);

	udrv_snd_stop(&c->snd);
	/* Its answer does not matter: bus mastering is off even so. */
	udrv_reset(dev);
}

static const struct udrv_id ids[] = { { 0x8086, 0x2415 }, { 0, 0 } };

const struct udrv_driver ac97_driver = {
	.name = "ac97",
	.ids = ids,
	.regs = ac97_names,
	.priv_size = sizeof(struct ac97),
	.dma_size = 4096 + UDRV_SND_DIRS * UDRV_SND_RING_SIZE,
	.halt = halt,
	.reset = reset,
	.start = start,
	.stop = stop,
};
