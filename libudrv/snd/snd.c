// SPDX-License-Identifier: MIT
/*
 * snd.c - the sound class: makes the engine do what the application wants,
 * now and after the death of a driver.
 *
 * There is one way to act, udrv_snd_service(): compare what is wanted with what
 * is, and do what is missing.  Interrupts, the bell and the start all end there,
 * so a restarted driver needs no special case.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "snd_internal.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

/* A lost interrupt costs this long at most, less than most rings have. */
#define TICK_MS		250
#define STILL_TICKS	8		/* an engine that stands still for 2 s hangs */

/* ---- what others see -------------------------------------------------------- */

static void set_hw(struct udrv_snd_stream *s, uint64_t frame, uint64_t ns)
{
	struct udrv_snd_stream_state *state = s->state;

	STORE(state->played, state->played + (frame - state->hw));
	STORE(state->hw, frame);
	STORE(state->hw_ns, ns);
}

static void wake(struct udrv_snd_stream *s)
{
	s->woken = s->state->hw;
	udrv_snd_ring_bell(s->share.bell);
}

static void publish(struct udrv_snd_stream *s, uint32_t is)
{
	const struct udrv_snd_stream_state *state = s->state;
	struct udrv_snd_drv *drv = &s->share.page->drv;
	uint32_t period = state->params.period;
	bool news = s->is != is || drv->gen != s->gen ||
		    (period && state->hw / period != s->woken / period);

	if (is == UDRV_SND_STARVED && s->is == UDRV_SND_RUNNING)
		STORE(s->state->xruns, state->xruns + 1);
	s->is = is;
	STORE(drv->hw_ns, state->hw_ns);
	STORE(drv->hw, state->hw);
	STORE(drv->xruns, state->xruns);
	/* For whoever sees the new state, the position is that of it; for whoever
	 * sees the new gen, all of the rest is about it. */
	__atomic_store_n(&drv->is, is, __ATOMIC_RELEASE);
	__atomic_store_n(&drv->gen, s->gen, __ATOMIC_RELEASE);
	if (news)
		wake(s);
}

static void first_io(struct udrv_snd_stream *s)
{
	struct udrv_snd *snd = s->snd;

	if (snd->first_io)
		return;
	snd->first_io = true;
	udrv_notify(snd->dev, "X_UDRV_FIRST_IO=%llu", (unsigned long long)s->state->hw_ns);
}

/* ---- the engine ------------------------------------------------------------- */

static void halt(struct udrv_snd_stream *s)
{
	uint64_t frame = s->snd->ops->halt(s->snd->dev, s->dir);

	s->running = false;
	if (frame > s->limit)
		frame = s->limit;	/* it overshot: that was not data */
	if (frame >= s->state->hw)
		set_hw(s, frame, udrv_now_ns());
	__atomic_store_n(&s->state->running, 0, __ATOMIC_RELEASE);
}

/* What a predecessor's death has cost. */
static void note_gap(struct udrv_snd_stream_state *state)
{
	if (state->stopped_ns)
		STORE(state->gap_ns, udrv_now_ns() - state->stopped_ns);
	STORE(state->stopped_ns, 0);
}

static void go(struct udrv_snd_stream *s, uint64_t limit)
{
	int ret;

	s->limit = limit;
	/* Before the engine moves, so that nobody misses that it does. */
	__atomic_store_n(&s->state->running, 1, __ATOMIC_RELEASE);
	ret = s->snd->ops->run(s->snd->dev, s->dir, s->state->hw, limit);
	s->running = !ret;
	if (!ret) {
		/* It stood there until now; applications count on from this. */
		STORE(s->state->hw_ns, udrv_now_ns());
		note_gap(s->state);
		return;
	}
	__atomic_store_n(&s->state->running, 0, __ATOMIC_RELEASE);
	udrv_log(s->snd->dev, UDRV_ERR, "%s does not start: %s", udrv_snd_names[s->dir], strerror(-ret));
	udrv_loop_stop(udrv_loop(s->snd->dev), ret);
}

static void look(struct udrv_snd_stream *s)
{
	uint64_t frame;

	if (!s->running)
		return;
	frame = s->snd->ops->position(s->snd->dev, s->dir);
	if (frame > s->limit) {
		halt(s);
		return;
	}
	if (frame > s->state->hw)
		first_io(s);
	if (frame >= s->state->hw)
		set_hw(s, frame, udrv_now_ns());
}

static void advance(struct udrv_snd_stream *s, const struct udrv_snd_app *app)
{
	const struct udrv_snd_params *p = &s->state->params;
	uint64_t limit = udrv_snd_limit(s->dir, app, p, s->state->hw,
					s->snd->ops->halts ? p->period : 1);

	if (!s->running) {
		if (limit > s->state->hw)
			go(s, limit);
		return;
	}
	if (limit > s->limit)
		s->limit = limit;
	s->snd->ops->extend(s->snd->dev, s->dir, s->limit);
	if (s->state->hw >= s->limit)
		halt(s);
}

/* ---- streams ---------------------------------------------------------------- */

/* The state is never half of one stream and half of another: gen 0 says that
 * there is none. */
static int new_stream(struct udrv_snd_stream *s, const struct udrv_snd_app *app)
{
	struct udrv_snd_stream_state *state = s->state;
	int ret;

	if (s->running)
		halt(s);
	s->gen = app->gen;
	__atomic_store_n(&state->gen, 0, __ATOMIC_SEQ_CST);
	ret = udrv_snd_params_check(&app->params, &s->caps, s->ring.len);
	if (!ret)
		ret = s->snd->ops->prepare(s->snd->dev, s->dir, &app->params);
	if (ret)
		return ret;
	memset(state->mark, 0, sizeof(state->mark));
	state->params = app->params;
	state->hw = s->woken = s->limit = 0;
	state->hw_ns = udrv_now_ns();
	state->stopped_ns = 0;
	__atomic_store_n(&state->gen, app->gen, __ATOMIC_SEQ_CST);
	return 0;
}

static uint32_t is_now(const struct udrv_snd_stream *s, uint32_t want)
{
	if (s->running)
		return UDRV_SND_RUNNING;
	switch (want) {
	case UDRV_SND_RUN: return UDRV_SND_STARVED;
	case UDRV_SND_PAUSE: return UDRV_SND_PAUSED;
	case UDRV_SND_DRAIN: return UDRV_SND_DRAINED;
	default: return UDRV_SND_READY;
	}
}

void udrv_snd_service(struct udrv_snd *snd, enum udrv_snd_dir dir)
{
	struct udrv_snd_stream *s = &snd->stream[dir];
	struct udrv_snd_app app;

	if (!snd->active || !s->share.page)
		return;
	look(s);
	if (udrv_snd_request(s->share.page, &app))
		return;
	if (app.gen && app.gen != s->gen && new_stream(s, &app)) {
		publish(s, UDRV_SND_REFUSED);
		return;
	}
	if (!s->state->gen)
		return;			/* nothing, or a refused stream */
	if (!app.gen)
		app.want = UDRV_SND_IDLE;
	if (app.want == UDRV_SND_RUN || app.want == UDRV_SND_DRAIN)
		advance(s, &app);
	else if (s->running)
		halt(s);
	publish(s, is_now(s, app.want));
}

/* ---- the bell --------------------------------------------------------------- */

static void bell_wait(struct udrv_snd_stream *s)
{
	if (s->polling || s->share.bell < 0)
		return;
	s->polling = !udrv_loop_poll(udrv_loop(s->snd->dev), s->share.bell, POLLIN, &s->bell_op);
}

static void bell_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_snd_stream *s = container_of(op, struct udrv_snd_stream, bell_op);

	s->polling = false;
	if (!s->snd->active)
		return;
	if (res == -ECANCELED) {	/* there is another bell */
		bell_wait(s);
		return;
	}
	/* Answered first: a ring that comes while we look is not lost. */
	if (res <= 0 || udrv_snd_answer_bell(s->share.bell))
		return;			/* there is nobody at the other end */
	udrv_snd_service(s->snd, s->dir);
	bell_wait(s);
}

/* ---- once in a while --------------------------------------------------------- */

static void engine_check(struct udrv_snd_stream *s)
{
	s->still = s->running && s->state->hw == s->tick_hw ? s->still + 1 : 0;
	s->tick_hw = s->state->hw;
	if (s->still < STILL_TICKS)
		return;
	udrv_log(s->snd->dev, UDRV_WARN, "%s stands still at frame %llu; starting it again",
		 udrv_snd_names[s->dir], (unsigned long long)s->state->hw);
	s->still = 0;
	halt(s);
	udrv_snd_service(s->snd, s->dir);
}

static void tick_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_snd *snd = container_of(op, struct udrv_snd, tick_op);

	snd->ticking = false;
	if (!snd->active)
		return;
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		udrv_snd_service(snd, dir);
		engine_check(&snd->stream[dir]);
	}
	udrv_snd_mixer_look(snd);
	snd->ticking = !udrv_loop_timer(udrv_loop(snd->dev), TICK_MS, op);
}

/* ---- life ------------------------------------------------------------------- */

struct udrv_snd_stream_state *udrv_snd_running(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(dev, NULL);
	struct udrv_snd_stream_state *state = &cp->snd.stream[dir];

	return cp->class == UDRV_CLASS_SND && state->gen && state->running ? state : NULL;
}

static void take_over(struct udrv_snd_stream *s)
{
	struct udrv_snd *snd = s->snd;
	int ret = 0;

	if (!udrv_snd_state_mend(s->state, &s->caps, s->ring.len))
		udrv_log(snd->dev, UDRV_WARN, "the checkpoint held an impossible %s stream; forgotten",
			 udrv_snd_names[s->dir]);
	/* It was another application's stream. */
	if (s->state->memory != s->share.memory)
		s->state->gen = 0;
	STORE(s->state->memory, s->share.memory);
	s->state->running = 0;
	s->gen = s->state->gen;
	s->woken = s->limit = s->state->hw;
	s->is = UDRV_SND_OFF;
	if (s->gen)
		ret = snd->ops->prepare(snd->dev, s->dir, &s->state->params);
	if (ret) {
		udrv_log(snd->dev, UDRV_WARN, "%s cannot go on: %s", udrv_snd_names[s->dir], strerror(-ret));
		s->state->gen = s->gen = 0;
	}
}

static int stream_open(struct udrv_snd_stream *s)
{
	struct udrv_snd_page *page;
	int ret = udrv_snd_share_open(s, s->snd->dev);

	if (ret)
		return ret;
	page = s->share.page;
	page->caps = s->caps;
	page->ring_len = (uint32_t)s->ring.len;
	take_over(s);
	__atomic_store_n(&page->magic, UDRV_SND_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void udrv_snd_renewed(struct udrv_snd *snd, enum udrv_snd_dir dir, int memory, int bell)
{
	struct udrv_snd_stream *s = &snd->stream[dir];
	bool works = s->share.page;	/* or the chip has no such stream */
	int ret;

	if (s->running)
		halt(s);
	if (works)
		udrv_snd_share_close(s);
	ret = udrv_snd_share_replace(dir, snd->dev, memory, bell);
	if (!ret && works)
		ret = stream_open(s);
	else if (!ret)
		udrv_snd_share_none(dir, snd->dev);
	if (ret) {
		udrv_log(snd->dev, UDRV_ERR, "no %s for the next application: %s", udrv_snd_names[dir],
			 strerror(-ret));
		udrv_loop_stop(udrv_loop(snd->dev), ret);
		return;
	}
	if (!works)
		return;
	udrv_snd_service(snd, dir);
	if (s->polling)
		udrv_loop_cancel(udrv_loop(snd->dev), &s->bell_op);
	else
		bell_wait(s);
}

static struct udrv_snd_state *state_of(struct udrv_dev *dev)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(dev, NULL);

	if (cp->class != UDRV_CLASS_SND) {
		memset(cp->area, 0, sizeof(cp->area));
		cp->class = UDRV_CLASS_SND;
	}
	return &cp->snd;
}

/* A stream that a death has stopped goes on before the other one's memory is mapped,
 * which takes time. */
static enum udrv_snd_dir first_dir(const struct udrv_snd_state *state)
{
	return state->stream[UDRV_SND_CAPTURE].stopped_ns &&
	       !state->stream[UDRV_SND_PLAYBACK].stopped_ns ? UDRV_SND_CAPTURE : UDRV_SND_PLAYBACK;
}

static int begin(struct udrv_snd_stream *s, const struct udrv_snd_caps *caps)
{
	int ret;

	if (!caps) {
		udrv_snd_share_none(s->dir, s->snd->dev);
		return 0;
	}
	s->caps = *caps;
	ret = stream_open(s);
	if (!ret)
		udrv_snd_service(s->snd, s->dir);
	return ret;
}

int udrv_snd_start(struct udrv_snd *snd, struct udrv_dev *dev, const struct udrv_snd_ops *ops,
		   const struct udrv_snd_caps *const caps[UDRV_SND_DIRS])
{
	struct udrv_snd_state *state = state_of(dev);
	unsigned int first = first_dir(state);
	int ret = 0;

	snd->dev = dev;
	snd->ops = ops;
	snd->first_io = false;
	snd->tick_op.done = tick_done;
	snd->active = true;
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		struct udrv_snd_stream *s = &snd->stream[dir];

		s->snd = snd;
		s->dir = dir;
		s->state = &state->stream[dir];
		s->bell_op.done = bell_done;
		s->running = false;
		s->share = (struct udrv_snd_share){ .bell = -1 };
	}
	for (unsigned int i = 0; i < UDRV_SND_DIRS && !ret; i++)
		ret = begin(&snd->stream[i ^ first], caps[i ^ first]);
	if (ret) {
		udrv_snd_stop(snd);
		return ret;
	}
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++)
		bell_wait(&snd->stream[dir]);
	udrv_snd_news_begin(snd);
	if (!snd->ticking)
		snd->ticking = !udrv_loop_timer(udrv_loop(dev), TICK_MS, &snd->tick_op);
	return 0;
}

void udrv_snd_stop(struct udrv_snd *snd)
{
	if (!snd->active)
		return;
	snd->active = false;
	udrv_snd_news_end(snd);
	udrv_snd_mixer_stop(snd);
	if (snd->ticking)
		udrv_loop_cancel(udrv_loop(snd->dev), &snd->tick_op);
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		struct udrv_snd_stream *s = &snd->stream[dir];

		if (s->running) {
			halt(s);
			/* If another program goes on with it, that counts as a gap. */
			STORE(s->state->stopped_ns, udrv_now_ns());
		}
		if (s->polling)
			udrv_loop_cancel(udrv_loop(snd->dev), &s->bell_op);
		if (s->share.page)
			udrv_snd_share_close(s);
	}
}
