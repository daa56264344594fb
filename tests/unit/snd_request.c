// SPDX-License-Identifier: MIT
/* The sound class's pure parts: what an application may want, how far an
 * engine may go, what is believed of a dead driver. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/snd/snd_internal.h"

static const struct udrv_snd_caps caps = {
	.formats = 1u << UDRV_SND_S16, .channels = 1u << 1 | 1u << 2,
	.rate_min = 8000, .rate_max = 48000, .period_min = 16, .period_max = 4096,
	.periods_max = 64,
};
static const struct udrv_snd_params good = { UDRV_SND_S16, 2, 48000, 512, 4096 };
#define RING (64u << 10)

static int check(struct udrv_snd_params p)
{
	return udrv_snd_params_check(&p, &caps, RING);
}

static void judges_parameters(void **state)
{
	static const struct { unsigned int field; uint32_t bad[8]; } cases[] = {
		{ 0, { UDRV_SND_S32, 2, 31, 32, 33, UINT32_MAX } },
		{ 1, { 0, 3, 31, 32, 33, 0x40000000, UINT32_MAX } },
		{ 2, { 0, 1, 7999, 48001, UINT32_MAX } },
		{ 3, { 0, 1, 15, 4096, 4097, 513, 0x80000000, UINT32_MAX } },
		{ 4, { 0, 512, 511, 4095, 512 * 65, 64 << 10, 0x40000000, 0xfffffe00 } },
	};

	assert_int_equal(check(good), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < 8; k++) {
			struct udrv_snd_params p = good;

			((uint32_t *)&p)[cases[i].field] = cases[i].bad[k];
			if (!k || cases[i].bad[k])
				assert_int_equal(check(p), -EINVAL);
		}
	}
}

static void fits_into_the_ring(void **state)
{
	struct udrv_snd_params p = { UDRV_SND_S16, 2, 48000, 4096, RING / 4 };

	assert_int_equal(check(p), 0);
	assert_int_equal(udrv_snd_params_check(&p, &caps, RING - 1), -EINVAL);
	p.channels = 1;
	assert_int_equal(udrv_snd_params_check(&p, &caps, RING / 2), 0);
}

static void knows_listed_rates(void **state)
{
	struct udrv_snd_caps list = caps;
	struct udrv_snd_params p = good;

	list.rates = 1u << 5 | 1u << 6;		/* 44100, 48000 */
	assert_int_equal(udrv_snd_params_check(&p, &list, RING), 0);
	p.rate = 44100;
	assert_int_equal(udrv_snd_params_check(&p, &list, RING), 0);
	p.rate = 32000;
	assert_int_equal(udrv_snd_params_check(&p, &list, RING), -EINVAL);
	p.rate = 44101;
	assert_int_equal(udrv_snd_params_check(&p, &list, RING), -EINVAL);
}

static uint64_t play(uint32_t want, uint64_t hw, uint64_t appl)
{
	const struct udrv_snd_app app = { .want = want, .appl = appl };

	return udrv_snd_limit(UDRV_SND_PLAYBACK, &app, &good, hw, good.period);
}

static uint64_t record(uint64_t hw, uint64_t appl)
{
	const struct udrv_snd_app app = { .want = UDRV_SND_RUN, .appl = appl };

	return udrv_snd_limit(UDRV_SND_CAPTURE, &app, &good, hw, good.period);
}

static void limits_playback(void **state)
{
	const struct udrv_snd_app run = { .want = UDRV_SND_RUN, .appl = 700 };
	const uint64_t far = 1ull << 40;

	assert_int_equal(play(UDRV_SND_RUN, 0, 4096), 4096);
	assert_int_equal(play(UDRV_SND_RUN, 0, 4095), 3584);	/* whole periods */
	assert_int_equal(play(UDRV_SND_DRAIN, 0, 4095), 4095);
	assert_int_equal(udrv_snd_limit(UDRV_SND_PLAYBACK, &run, &good, 600, 1), 700);
	assert_int_equal(play(UDRV_SND_RUN, far + 100, far + 4196), far + 4096);
	/* Inside a period, the rest of which is not there yet. */
	assert_int_equal(play(UDRV_SND_RUN, 600, 700), 600);
	assert_int_equal(play(UDRV_SND_DRAIN, 600, 700), 700);
	/* More than a ring, behind hw, nonsense. */
	assert_int_equal(play(UDRV_SND_RUN, 0, 4097), 0);
	assert_int_equal(play(UDRV_SND_DRAIN, 1000, 999), 1000);
	assert_int_equal(play(UDRV_SND_RUN, 1000, UINT64_MAX), 1000);
	assert_int_equal(play(UDRV_SND_PAUSE, 1000, 4096), 1000);
	assert_int_equal(play(UDRV_SND_IDLE, 1000, 4096), 1000);
	assert_int_equal(play(77, 1000, 4096), 1000);
}

static void limits_capture(void **state)
{
	const struct udrv_snd_app drain = { .want = UDRV_SND_DRAIN };

	assert_int_equal(record(0, 0), 4096);
	assert_int_equal(record(4096, 0), 4096);		/* full */
	assert_int_equal(record(4096, 1000), 4096 + 512);
	assert_int_equal(record(4096, 4096), 8192);
	assert_int_equal(record(100, 100), 4096);
	/* Read what is not there, or nothing for more than a ring. */
	assert_int_equal(record(100, 101), 100);
	assert_int_equal(record(5000, 0), 5000);
	assert_int_equal(udrv_snd_limit(UDRV_SND_CAPTURE, &drain, &good, 5, 512), 5);
}

/* Whatever the numbers, the chip stays within a ring of where it is. */
static void limits_anything(void **state)
{
	srand(4711);
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t hw = (uint64_t)rand() << (rand() % 30);
		uint64_t appl = rand() % 3 ? hw + (uint64_t)(rand() % 9000) - 4500 :
				(uint64_t)rand() << (rand() % 33);
		const struct udrv_snd_app app = { .want = (uint32_t)(rand() % 5), .appl = appl };
		uint64_t limit = udrv_snd_limit(rand() % 2, &app, &good, hw,
						rand() % 2 ? good.period : 1);

		assert_true(limit >= hw && limit - hw <= good.frames);
	}
}

static void believes_what_can_be(void **state)
{
	struct udrv_snd_stream_state s = { .gen = 3, .running = 1, .params = good, .hw = 1000 };
	struct udrv_snd_stream_state bad;

	assert_true(udrv_snd_state_mend(&s, &caps, RING));
	assert_int_equal(s.gen, 3);
	bad = s;
	bad.running = 2;
	assert_false(udrv_snd_state_mend(&bad, &caps, RING));
	assert_int_equal(bad.gen, 0);
	bad = s;
	bad.params.frames = 0x40000000;
	assert_false(udrv_snd_state_mend(&bad, &caps, RING));
	bad = s;
	bad.hw = UINT64_MAX - 5;
	assert_false(udrv_snd_state_mend(&bad, &caps, RING));

	assert_int_equal(udrv_snd_inherit(&s, 1000 + 4096), 0);
	assert_int_equal(s.hw, 5096);
	assert_int_equal(s.running, 0);
	assert_int_equal(udrv_snd_inherit(&s, 5095), -EUCLEAN);
	assert_int_equal(udrv_snd_inherit(&s, 5096 + 4097), -EUCLEAN);
	assert_int_equal(s.hw, 5096);
}

static void reads_the_page_once(void **state)
{
	struct udrv_snd_page page = { .app = { .gen = 7, .want = 1, .params = good, .appl = 9 } };
	struct udrv_snd_app app;

	assert_int_equal(udrv_snd_request(&page, &app), 0);
	assert_int_equal(app.gen, 7);
	assert_int_equal(app.want, 1);
	assert_int_equal(app.appl, 9);
	assert_memory_equal(&app.params, &good, sizeof(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_parameters), cmocka_unit_test(fits_into_the_ring),
		cmocka_unit_test(knows_listed_rates), cmocka_unit_test(limits_playback),
		cmocka_unit_test(limits_capture), cmocka_unit_test(limits_anything),
		cmocka_unit_test(believes_what_can_be), cmocka_unit_test(reads_the_page_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("snd_request", tests, NULL, NULL);
}
