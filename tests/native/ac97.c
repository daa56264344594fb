// SPDX-License-Identifier: MIT
/* The AC'97 driver on QEMU's model: every frame, once, in order. */
#include "../../drivers/snd/ac97.h"
#include "snd_rig.h"

#include <sys/eventfd.h>

#define P	UDRV_SND_PLAYBACK
#define C	UDRV_SND_CAPTURE
#define DEVICE	"AC97,audiodev=a0"
#define FRAMES	30000			/* 625 ms at 48 kHz; not a multiple of a period */

static void begin(struct rig *rig)
{
	rig_begin(rig, &ac97_driver, DEVICE, NULL, 48000);
}

static void play_again(struct rig *rig, const struct udrv_snd_params *params)
{
	rig_prepare(rig, P, params);
	rig_wait_is(rig, P, UDRV_SND_READY);
	rig_write(rig, params->frames);
	rig_want(rig, P, UDRV_SND_RUN);
}

static void play_from_start(struct rig *rig, const struct udrv_snd_params *params)
{
	rig_driver_start(rig);
	play_again(rig, params);
}

/* The rest, and then look at the file. */
static void play_to_end(struct rig *rig, uint64_t frames, uint64_t max_silent)
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

static void plays_every_frame(void **state)
{
	struct rig rig;

	begin(&rig);
	play_from_start(&rig, &rig_params);
	play_to_end(&rig, FRAMES, 0);
}

/* A stop at any frame goes on with the next one. */
static void pauses_at_the_frame(void **state)
{
	unsigned int inside = 0;
	struct rig rig;

	begin(&rig);
	play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 6; i++) {
		uint64_t hw;

		rig_write(&rig, i * 3000 + 9000);
		rig_wait_hw(&rig, P, i * 3000 - 1000);
		rig_want(&rig, P, UDRV_SND_PAUSE);
		rig_wait_is(&rig, P, UDRV_SND_PAUSED);
		hw = rig_drv(&rig, P).hw;
		inside += hw % rig_params.period != 0;
		udrv_usleep(20000);
		assert_int_equal(rig_drv(&rig, P).hw, hw);	/* it does stand still */
		rig_want(&rig, P, UDRV_SND_RUN);
	}
	assert_true(inside > 0);	/* not only between two periods */
	play_to_end(&rig, FRAMES, 0);
}

/* Requested ends and deaths, at many frames. */
static void goes_on_after_a_stop(void **state)
{
	struct rig rig;

	begin(&rig);
	play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 5; i++) {
		rig_write(&rig, i * 2000 + 9000);
		rig_wait_hw(&rig, P, i * 2000);
		rig_driver_stop(&rig);
		rig_driver_start(&rig);
	}
	play_to_end(&rig, FRAMES, 0);
	assert_null(strstr(log_text(), "cannot be"));
}

static void goes_on_after_a_kill(void **state)
{
	struct rig rig;

	begin(&rig);
	play_from_start(&rig, &rig_params);
	for (unsigned int i = 1; i < 9; i++) {
		rig_write(&rig, i * 2037 + 9000);
		rig_wait_hw(&rig, P, i * 2037);
		rig_driver_kill(&rig);
		rig_driver_start(&rig);
	}
	play_to_end(&rig, FRAMES, 0);
	assert_null(strstr(log_text(), "cannot be"));
	assert_null(strstr(log_text(), "not mapped"));
}

/* Late by far: the chip halts behind the last whole period and plays nothing
 * old; then it goes on with the next frame. */
static void starves_and_goes_on(void **state)
{
	const struct udrv_snd_params small = {
		.format = UDRV_SND_S16, .channels = 2, .rate = 48000, .period = 256, .frames = 1024,
	};
	struct rig rig;

	begin(&rig);
	rig_driver_start(&rig);
	rig_prepare(&rig, P, &small);
	rig_want(&rig, P, UDRV_SND_RUN);
	for (unsigned int i = 1; i < 5; i++) {
		rig_write(&rig, i * 900);
		rig_wait_hw(&rig, P, i * 900 / 256 * 256);
		rig_wait_is(&rig, P, UDRV_SND_STARVED);
		assert_int_equal(rig_drv(&rig, P).hw, i * 900 / 256 * 256);
	}
	assert_true(rig_drv(&rig, P).xruns >= 4);
	rig_want(&rig, P, UDRV_SND_DRAIN);
	rig_wait_is(&rig, P, UDRV_SND_DRAINED);
	assert_int_equal(rig_drv(&rig, P).hw, 3600);
	rig_power_off(&rig);
	rig_assert_played(&rig, 3600, UINT64_MAX);
	rig_end(&rig);
}

/* Without resampling in QEMU: its output has the same rate. */
static void plays_at_each_rate(void **state)
{
	static const unsigned int rates[] = { 8000, 16000, 44100 };

	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct udrv_snd_params params = rig_params;
		uint64_t frames, from, ns;
		struct rig rig;

		params.rate = rates[i];
		params.frames = params.rate / 3 / params.period * params.period;
		frames = params.frames + params.rate / 4;
		rig_begin(&rig, &ac97_driver, DEVICE, NULL, rates[i]);
		play_from_start(&rig, &params);
		from = udrv_now_ns();
		rig_write(&rig, frames);
		rig_want(&rig, P, UDRV_SND_DRAIN);
		rig_wait_is(&rig, P, UDRV_SND_DRAINED);
		ns = udrv_now_ns() - from;
		/* 583 ms, less what QEMU takes in at once; a busy machine is late. */
		assert_true(ns > 400000000 && ns < 3000000000);
		rig_power_off(&rig);
		rig_assert_played(&rig, frames, 0);
		rig_end(&rig);
	}
}

/* QEMU without a sound card records silence; its wav backend records nothing. */
static void records(void **state)
{
	struct rig_stream *s;
	struct udrv_snd_drv drv;
	struct rig rig;
	size_t bytes;

	rig_begin(&rig, &ac97_driver, DEVICE, "none,id=a0,timer-period=1000", 0);
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

static void both_ways_at_once(void **state)
{
	struct rig rig;

	rig_begin(&rig, &ac97_driver, DEVICE, "none,id=a0,timer-period=1000", 0);
	play_from_start(&rig, &rig_params);
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
static void survives_a_hostile_page(void **state)
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
			eventfd_write(rig.kick[P], 1);
		if (i % 100 == 0)
			udrv_usleep(1000);
	}
	rig.stream[P].page.app.gen = 77;
	play_again(&rig, &rig_params);
	play_to_end(&rig, FRAMES, UINT64_MAX);
	assert_null(strstr(log_text(), "not mapped"));
}

static void a_checkpoint_of_nonsense(void **state)
{
	struct rig rig;

	begin(&rig);
	play_from_start(&rig, &rig_params);
	rig_wait_hw(&rig, P, 1000);
	rig_driver_kill(&rig);
	/* The marks say that the chip is far away. */
	memset(rig.cp->snd.stream[P].mark, 0xee, sizeof(rig.cp->snd.stream[P].mark));
	rig_driver_start(&rig);
	rig_wait_hw(&rig, P, 3000);
	assert_logged("which cannot be");
	rig_driver_kill(&rig);
	memset(rig.cp->area, 0xee, sizeof(rig.cp->area));
	rig_driver_start(&rig);
	rig_driver_stop(&rig);
	assert_logged("impossible playback stream");
	/* The application's stream began anew. */
	assert_int_equal(rig.cp->snd.stream[P].params.rate, 48000);
	assert_true(rig_drv(&rig, P).hw < rig_params.frames);
	rig_end(&rig);
}

#define T(f) cmocka_unit_test_setup_teardown(f, log_begin, log_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(plays_every_frame), T(pauses_at_the_frame), T(goes_on_after_a_stop),
		T(goes_on_after_a_kill), T(starves_and_goes_on), T(plays_at_each_rate), T(records),
		T(both_ways_at_once), T(survives_a_hostile_page), T(a_checkpoint_of_nonsense),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ac97", tests, NULL, NULL);
}
