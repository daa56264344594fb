// SPDX-License-Identifier: MIT
/*
 * snd_tests.c - what every sound driver must do on its model: every frame, once,
 * in order.
 */

#include "snd_tests.h"

#define P	UDRV_SND_PLAYBACK
#define C	UDRV_SND_CAPTURE
#define FRAMES	60000			/* 1.25 s at 48 kHz; not a multiple of a period */

static void begin(struct rig *rig)
{
	rig_begin(rig, snd_chip.drv, snd_chip.device, NULL, 48000);
}

void snd_play_again(struct rig *rig, const struct udrv_snd_params *params)
{
	rig_prepare(rig, P, params);
	rig_wait_is(rig, P, UDRV_SND_READY);
	rig_write(rig, params->frames);
	rig_want(rig, P, UDRV_SND_RUN);
}

void snd_play_from_start(struct rig *rig, const struct udrv_snd_params *params)
{
	rig_driver_start(rig);
	snd_play_again(rig, params);
}

/* The rest, and then look at the file. */
void snd_play_to_end(struct rig *rig, uint64_t frames, uint64_t max_silent)
{
	rig_write(rig, frames);
	rig_want(rig, P, UDRV_SND_DRAIN);
	rig_wait_is(rig, P, UDRV_SND_DRAINED);
	assert_int_equal(rig_drv(rig, P).hw, frames);
	assert_int_equal(rig_drv(rig, P).xruns, 0);
	rig_power_off(rig);
	rig_assert_played(rig, frames, max_silent);
	rig_end(rig);
}

void snd_plays_every_frame(void **state)
{
	struct rig rig;

	begin(&rig);
	snd_play_from_start(&rig, &rig_params);
	snd_play_to_end(&rig, FRAMES, 0);
}

/* A stop at any frame goes on with the next one. */
void snd_pauses_at_the_frame(void **state)
{
	unsigned int inside = 0;
	struct rig rig;

	begin(&rig);
	snd_play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 6; i++) {
		uint64_t hw;

		rig_write(&rig, i * 3000 + 45000);
		rig_wait_hw(&rig, P, i * 3000 - 1000);
		udrv_usleep(i * 3100);		/* from the wake-up into the period */
		rig_want(&rig, P, UDRV_SND_PAUSE);
		rig_wait_is(&rig, P, UDRV_SND_PAUSED);
		hw = rig_drv(&rig, P).hw;
		inside += hw % rig_params.period != 0;
		udrv_usleep(20000);
		assert_int_equal(rig_drv(&rig, P).hw, hw);	/* it does stand still */
		rig_want(&rig, P, UDRV_SND_RUN);
		rig_wait_is(&rig, P, UDRV_SND_RUNNING);
	}
	assert_true(inside > 0);	/* not only between two periods */
	snd_play_to_end(&rig, FRAMES, 0);
}

/* Requested ends and deaths, at many frames. */
void snd_goes_on_after_a_stop(void **state)
{
	struct rig rig;

	begin(&rig);
	snd_play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 5; i++) {
		rig_write(&rig, i * 3000 + 45000);
		rig_wait_hw(&rig, P, i * 3000);
		rig_driver_stop(&rig);
		rig_driver_start(&rig);
	}
	snd_play_to_end(&rig, FRAMES, 0);
	assert_null(strstr(log_text(), "cannot be"));
}

/* The ring holds 600 ms more at each kill; a machine on which a driver needs most
 * of that to start cannot judge the rest. */
void snd_goes_on_after_a_kill(void **state)
{
	uint64_t longest = 0;
	struct rig rig;

	begin(&rig);
	snd_play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 9; i++) {
		uint64_t from, hw;

		rig_write(&rig, i * 1500 + 45000);
		rig_wait_hw(&rig, P, i * 2037);
		from = udrv_now_ns();
		rig_driver_kill(&rig);
		hw = rig_drv(&rig, P).hw;
		rig_driver_start(&rig);
		rig_wait_hw(&rig, P, hw + 1);
		if (udrv_now_ns() - from > longest)
			longest = udrv_now_ns() - from;
	}
	if (longest > 400000000) {
		rig_end(&rig);
		skip();
	}
	snd_play_to_end(&rig, FRAMES, 0);
	assert_null(strstr(log_text(), "cannot be"));
	assert_null(strstr(log_text(), "not mapped"));
}

/* Also while it starts, which is where it finds its predecessor's traces. */
void snd_killed_at_any_moment(void **state)
{
	struct rig rig;

	begin(&rig);
	snd_play_from_start(&rig, &rig_params);
	srand(4711);
	for (unsigned int i = 0; i < 25 && rig_drv(&rig, P).hw < 30000; i++) {
		udrv_usleep((unsigned int)rand() % 30000);
		rig_driver_kill(&rig);
		rig_driver_start(&rig);
	}
	/* Who is killed between stop and start leaves silence, but all frames. */
	snd_play_to_end(&rig, FRAMES, UINT64_MAX);
	assert_null(strstr(log_text(), "cannot be"));
	assert_null(strstr(log_text(), "not mapped"));
}

/* Without resampling in QEMU: its output has the same rate. */
void snd_plays_at_each_rate(void **state)
{
	const unsigned int *rates = snd_chip.rates;

	for (unsigned int i = 0; rates[i]; i++) {
		struct udrv_snd_params params = rig_params;
		uint64_t frames, from, ns;
		struct rig rig;

		params.rate = rates[i];
		params.period = params.rate / 50;
		params.frames = params.period * 40;
		if (params.rate > 48000)
			params.frames /= 2;
		frames = params.frames + params.rate / 4;
		rig_begin(&rig, snd_chip.drv, snd_chip.device, NULL, rates[i]);
		snd_play_from_start(&rig, &params);
		from = udrv_now_ns();
		rig_write(&rig, frames);
		rig_want(&rig, P, UDRV_SND_DRAIN);
		rig_wait_is(&rig, P, UDRV_SND_DRAINED);
		ns = udrv_now_ns() - from;
		/* 650 ms or more, less what QEMU takes in at once; a busy machine is late. */
		assert_true(ns > 450000000 && ns < 5000000000);
		rig_power_off(&rig);
		rig_assert_played(&rig, frames, 0);
		rig_end(&rig);
	}
}

/* QEMU without a sound card records silence; its wav backend records nothing. */
void snd_records(void **state)
{
	struct rig_stream *s;
	struct udrv_snd_drv drv;
	struct rig rig;
	size_t bytes;

	rig_begin(&rig, snd_chip.drv, snd_chip.device, "none,id=a0,timer-period=1000", 0);
	s = &rig.stream[C];
	memset(s->ring, 0xa5, sizeof(s->ring));
	rig_driver_start(&rig);
	rig_prepare(&rig, C, &rig_params);
	rig_wait_is(&rig, C, UDRV_SND_READY);
	rig_want(&rig, C, UDRV_SND_RUN);
	rig_wait_hw(&rig, C, 5000);
	rig_want(&rig, C, UDRV_SND_PAUSE);
	rig_wait_is(&rig, C, UDRV_SND_PAUSED);
	drv = rig_drv(&rig, C);
	/* Exactly up to hw, and not a byte more. */
	bytes = drv.hw * 4;
	assert_true(bytes < sizeof(s->ring));
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(rig.ram[s->iova + i], 0);
	for (size_t i = bytes; i < sizeof(s->ring); i++)
		assert_int_equal(rig.ram[s->iova + i], 0xa5);
	/* Nobody reads: it halts with the ring full, and goes on with room. */
	rig_want(&rig, C, UDRV_SND_RUN);
	rig_wait_is(&rig, C, UDRV_SND_STARVED);
	assert_int_equal(rig_drv(&rig, C).hw, rig_params.frames);
	__atomic_store_n(&s->page.app.appl, 2048, __ATOMIC_RELEASE);
	rig_want(&rig, C, UDRV_SND_RUN);
	rig_wait_hw(&rig, C, rig_params.frames + 2048);
	rig_end(&rig);
}

void snd_both_ways_at_once(void **state)
{
	struct rig rig;

	rig_begin(&rig, snd_chip.drv, snd_chip.device, "none,id=a0,timer-period=1000", 0);
	snd_play_from_start(&rig, &rig_params);
	rig_prepare(&rig, C, &rig_params);
	rig_want(&rig, C, UDRV_SND_RUN);
	rig_wait_hw(&rig, P, 4000);
	rig_wait_hw(&rig, C, 4000);
	rig_driver_kill(&rig);
	rig_driver_start(&rig);
	rig_wait_hw(&rig, P, 8000);
	rig_wait_hw(&rig, C, 8000);
	rig_end(&rig);
}

/* An application that writes anything anywhere gets nothing, and breaks nothing. */
void snd_survives_a_hostile_page(void **state)
{
	struct udrv_snd_params params = rig_params;
	struct rig rig;
	uint8_t *app;

	begin(&rig);
	rig_driver_start(&rig);
	params.frames = 0x40000000;
	rig_prepare(&rig, P, &params);
	rig_wait_is(&rig, P, UDRV_SND_REFUSED);
	rig_prepare(&rig, P, &rig_params);
	rig_wait_is(&rig, P, UDRV_SND_READY);
	srand(4711);
	app = (uint8_t *)&rig.stream[P].page.app;
	for (unsigned int i = 0; i < 3000; i++) {
		app[(unsigned int)rand() % sizeof(struct udrv_snd_app)] = (uint8_t)rand();
		memset(&rig.stream[P].page.drv, rand(), sizeof(struct udrv_snd_drv));
		if (i % 4 == 0)
			rig_ring(&rig, P);
		if (i % 100 == 0)
			udrv_usleep(1000);
	}
	rig.stream[P].page.app.gen = 77;
	snd_play_again(&rig, &rig_params);
	snd_play_to_end(&rig, FRAMES, UINT64_MAX);
	assert_null(strstr(log_text(), "not mapped"));
}


/* Late by far: behind the last frame, or whole period, comes nothing old; then it
 * goes on with the next frame. */
void snd_starves_and_goes_on(void **state)
{
	struct rig rig;

	begin(&rig);
	rig_driver_start(&rig);
	rig_prepare(&rig, P, &rig_params);
	rig_want(&rig, P, UDRV_SND_RUN);
	for (unsigned int i = 1; i < 5; i++) {
		rig_write(&rig, i * 3000);
		rig_wait_hw(&rig, P, i * 3000 / 1024 * 1024);
		rig_wait_is(&rig, P, UDRV_SND_STARVED);
		assert_true(rig_drv(&rig, P).hw <= i * 3000);
	}
	assert_true(rig_drv(&rig, P).xruns >= 4);
	rig_want(&rig, P, UDRV_SND_DRAIN);
	rig_wait_is(&rig, P, UDRV_SND_DRAINED);
	assert_int_equal(rig_drv(&rig, P).hw, 12000);
	rig_power_off(&rig);
	rig_assert_played(&rig, 12000, UINT64_MAX);
	rig_end(&rig);
}

/* Interrupts stop: the class looks by itself, often enough. */
void snd_plays_without_interrupts(void **state)
{
	struct rig rig;

	begin(&rig);
	setenv("UDRV_FAULT", "noirq:5", 1);
	snd_play_from_start(&rig, &rig_params);
	snd_play_to_end(&rig, FRAMES, UINT64_MAX);
	assert_logged("interrupt: lost");
}

/* Pulled out, at any access from the first to those of playing: the driver ends,
 * soon, and says why; the next one goes on. */
void snd_is_pulled_out(void **state)
{
	static const unsigned int when[] = { 2, 10, 30, 80, 200 };
	struct rig rig;

	begin(&rig);
	rig_prepare(&rig, P, &rig_params);
	rig_write(&rig, rig_params.frames);
	rig_want(&rig, P, UDRV_SND_RUN);
	for (unsigned int i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		char fault[32];
		int status;

		snprintf(fault, sizeof(fault), "gone:%u", when[i]);
		setenv("UDRV_FAULT", fault, 1);
		rig_driver_start(&rig);
		status = run_wait(rig.driver, 15000);
		rig.driver = 0;
		if (status != 1 && status != 2)
			fail_msg("%s: exit status %d", fault, status);
	}
	unsetenv("UDRV_FAULT");
	rig_driver_start(&rig);
	rig_wait_hw(&rig, P, 20000);
	rig_end(&rig);
}
