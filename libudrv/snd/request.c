// SPDX-License-Identifier: MIT
/* request.c - what an application wants, judged.  Pure. */
#include <errno.h>

#include "snd_internal.h"

#define READ(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

int udrv_snd_request(const struct udrv_snd_page *page, struct udrv_snd_app *app)
{
	const struct udrv_snd_app *a = &page->app;

	*app = (struct udrv_snd_app){
		.gen = READ(a->gen),
		.params = {
			.format = READ(a->params.format),
			.channels = READ(a->params.channels),
			.rate = READ(a->params.rate),
			.period = READ(a->params.period),
			.frames = READ(a->params.frames),
		},
		.appl = READ(a->appl),
		.want = READ(a->want),
	};
	return READ(a->gen) == app->gen ? 0 : -EAGAIN;
}

static bool rate_ok(uint32_t rate, const struct udrv_snd_caps *caps)
{
	static const uint32_t rates[] = UDRV_SND_RATES;

	if (rate < caps->rate_min || rate > caps->rate_max || !rate)
		return false;
	if (!caps->rates)
		return true;
	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i] == rate)
			return caps->rates >> i & 1;
	return false;
}

int udrv_snd_params_check(const struct udrv_snd_params *p, const struct udrv_snd_caps *caps,
			  size_t ring_len)
{
	if (p->format >= UDRV_SND_FORMATS || !(caps->formats >> p->format & 1))
		return -EINVAL;
	if (p->channels >= 32 || !p->channels || !(caps->channels >> p->channels & 1))
		return -EINVAL;
	if (!rate_ok(p->rate, caps))
		return -EINVAL;
	if (!p->period || p->period < caps->period_min || p->period > caps->period_max)
		return -EINVAL;
	if (p->frames % p->period || p->frames / p->period < 2 ||
	    p->frames / p->period > caps->periods_max)
		return -EINVAL;
	return (uint64_t)p->frames * udrv_snd_frame_bytes(p) > ring_len ? -EINVAL : 0;
}

uint64_t udrv_snd_limit(enum udrv_snd_dir dir, const struct udrv_snd_app *app,
			const struct udrv_snd_params *p, uint64_t hw, uint32_t step)
{
	uint64_t limit, appl = app->appl;
	uint32_t want = app->want;

	if (want != UDRV_SND_RUN && want != UDRV_SND_DRAIN)
		return hw;
	if (dir == UDRV_SND_CAPTURE) {
		/* Frames that nobody has read yet; more than there are: nonsense. */
		if (hw - appl > p->frames || want == UDRV_SND_DRAIN)
			return hw;
		limit = appl + p->frames;
	} else {
		if (appl - hw > p->frames)
			return hw;
		if (want == UDRV_SND_DRAIN)
			return appl;
		limit = appl;
	}
	limit -= limit % step;
	return limit - hw > p->frames ? hw : limit;	/* below hw it wraps: huge */
}

bool udrv_snd_state_mend(struct udrv_snd_stream_state *state,
			 const struct udrv_snd_caps *caps, size_t ring_len)
{
	if (!state->gen)
		return true;
	if (state->running <= 1 && state->hw < 1ull << 62 &&
	    !udrv_snd_params_check(&state->params, caps, ring_len))
		return true;
	*state = (struct udrv_snd_stream_state){ 0 };
	return false;
}

int udrv_snd_inherit(struct udrv_snd_stream_state *state, uint64_t frame)
{
	/* Nothing runs further than a ring ahead of where it was seen. */
	bool sane = frame - state->hw <= state->params.frames;

	if (sane)
		__atomic_store_n(&state->hw, frame, __ATOMIC_RELAXED);
	state->stopped_ns = udrv_now_ns();
	__atomic_store_n(&state->running, 0, __ATOMIC_RELEASE);
	return sane ? 0 : -EUCLEAN;
}
