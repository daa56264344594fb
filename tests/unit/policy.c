// SPDX-License-Identifier: MIT
/* When a dead driver is started again, and when it is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../supervisor/policy.h"

#define MS 1000000ull
#define SEC (1000 * MS)

static const struct udrvd_policy defaults = {
	.backoff_min = 100 * MS, .backoff_max = 10 * SEC, .healthy = 10 * SEC, .limit = 10,
};

/* A life of so many ms; ready and first I/O after so many, or never (0). */
static struct udrvd_life life(uint64_t ms, uint64_t ready, uint64_t first_io)
{
	const uint64_t t = 1000 * SEC;

	return (struct udrvd_life){
		.spawned = t, .died = t + ms * MS,
		.ready = ready ? t + ready * MS : 0,
		.first_io = first_io ? t + first_io * MS : 0,
	};
}

static uint64_t die(unsigned int *strikes, struct udrvd_life l)
{
	struct udrvd_verdict v = udrvd_policy_death(&defaults, strikes, &l);

	assert_false(v.give_up);
	return v.delay / MS;
}

static void first_death_restarts_at_once(void **state)
{
	unsigned int strikes = 0;

	assert_int_equal(die(&strikes, life(60000, 50, 60)), 0);
	assert_int_equal(strikes, 0);
	/* useless, but the first one */
	assert_int_equal(die(&strikes, life(500, 50, 0)), 0);
	assert_int_equal(strikes, 1);
}

static void start_up_deaths_back_off_and_end(void **state)
{
	static const uint64_t expected[] = { 99, 100, 200, 400, 800, 1600, 3200, 6400, 10000 };
	struct udrvd_life l = life(1, 0, 0);
	unsigned int strikes = 0;

	for (size_t i = 0; i < 9; i++)
		assert_int_equal(die(&strikes, l), expected[i]);
	assert_true(udrvd_policy_death(&defaults, &strikes, &l).give_up);
}

/* The test: a healthy driver killed each 200 ms, for long. */
static void kills_of_a_working_driver_never_give_up(void **state)
{
	unsigned int strikes = 0;

	for (int i = 0; i < 100000; i++)
		assert_int_equal(die(&strikes, life(200, 80, 150)), 0);
}

static void starts_are_backoff_min_apart(void **state)
{
	unsigned int strikes = 0;

	assert_int_equal(die(&strikes, life(30, 10, 20)), 70);
	assert_int_equal(die(&strikes, life(100, 10, 20)), 0);
}

static void a_useful_life_wipes_the_slate(void **state)
{
	unsigned int strikes = 9;

	assert_int_equal(die(&strikes, life(10050, 50, 0)), 0);		/* healthy: 10 s */
	assert_int_equal(strikes, 0);
	strikes = 9;
	assert_int_equal(die(&strikes, life(200, 50, 100)), 0);		/* I/O */
	assert_int_equal(strikes, 0);
	/* 10 s, but not all of it ready: another strike, which is the limit */
	strikes = 8;
	assert_int_equal(die(&strikes, life(10049, 50, 0)), 10000);
	assert_int_equal(strikes, 9);
}

static void limit_one_gives_up_at_once(void **state)
{
	struct udrvd_policy p = defaults;
	struct udrvd_life l = life(5, 0, 0);
	unsigned int strikes = 0;

	p.limit = 1;
	assert_true(udrvd_policy_death(&p, &strikes, &l).give_up);
	strikes = 0;
	l = life(200, 50, 100);
	assert_false(udrvd_policy_death(&p, &strikes, &l).give_up);
}

static void many_strikes_do_not_overflow(void **state)
{
	struct udrvd_policy p = defaults;
	struct udrvd_life l = life(5, 0, 0);
	unsigned int strikes = 900000;

	p.limit = 1000000;
	p.backoff_max = 3600 * SEC;
	assert_int_equal(udrvd_policy_death(&p, &strikes, &l).delay, 3600 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_death_restarts_at_once),
		cmocka_unit_test(start_up_deaths_back_off_and_end),
		cmocka_unit_test(kills_of_a_working_driver_never_give_up),
		cmocka_unit_test(starts_are_backoff_min_apart),
		cmocka_unit_test(a_useful_life_wipes_the_slate),
		cmocka_unit_test(limit_one_gives_up_at_once),
		cmocka_unit_test(many_strikes_do_not_overflow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
