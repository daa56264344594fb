// SPDX-License-Identifier: MIT
/* The rings of events and of recovery times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../supervisor/history.h"

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct udrvd_history));
	return !*state;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void keeps_the_newest(void **state)
{
	struct udrvd_history *h = *state;

	assert_null(udrvd_history_get(h, 0));
	for (uint64_t i = 0; i < UDRVD_HISTORY + 10; i++)
		udrvd_history_add(h, i, UDRVD_H_DIED, "number %d", (int)i);
	assert_int_equal(udrvd_history_get(h, 0)->ns, 10);
	assert_string_equal(udrvd_history_get(h, 0)->detail, "number 10");
	assert_int_equal(udrvd_history_get(h, UDRVD_HISTORY - 1)->ns, UDRVD_HISTORY + 9);
	assert_null(udrvd_history_get(h, UDRVD_HISTORY));
}

static void cuts_a_long_detail(void **state)
{
	struct udrvd_history *h = *state;
	char text[500];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	udrvd_history_add(h, 1, UDRVD_H_DIED, "%s", text);
	assert_int_equal(strlen(udrvd_history_get(h, 0)->detail),
			 sizeof(udrvd_history_get(h, 0)->detail) - 1);
}

static void recovery(struct udrvd_history *h, uint64_t from, uint64_t to)
{
	udrvd_outage_begin(h, from);
	udrvd_outage_end(h, to);
}

static void recovery_figures(void **state)
{
	struct udrvd_history *h = *state;
	struct udrvd_recovery r;

	udrvd_recovery_stats(h, &r);
	assert_int_equal(r.n, 0);
	recovery(h, 100, 130);
	udrvd_recovery_stats(h, &r);
	assert_true(r.n == 1 && r.last == 30 && r.min == 30 && r.median == 30 && r.max == 30);
	recovery(h, 200, 210);
	udrvd_recovery_stats(h, &r);
	assert_true(r.n == 2 && r.last == 10 && r.min == 10 && r.median == 20 && r.max == 30);
	recovery(h, 300, 390);
	udrvd_recovery_stats(h, &r);
	assert_true(r.n == 3 && r.last == 90 && r.min == 10 && r.median == 30 && r.max == 90);
	assert_true(r.all[0] == 30 && r.all[1] == 10 && r.all[2] == 90);
}

static void recovery_ring(void **state)
{
	struct udrvd_history *h = *state;
	struct udrvd_recovery r;

	for (uint64_t i = 1; i <= UDRVD_RECOVERIES + 5; i++)
		recovery(h, 1000 * i, 1000 * i + i);
	udrvd_recovery_stats(h, &r);
	assert_int_equal(r.n, UDRVD_RECOVERIES);
	assert_int_equal(r.min, 6);
	assert_int_equal(r.all[0], 6);
	assert_int_equal(r.max, UDRVD_RECOVERIES + 5);
	assert_int_equal(h->recoveries, UDRVD_RECOVERIES + 5);
}

/* It lasts from the first death on, however many follow. */
static void an_outage_is_counted_once(void **state)
{
	struct udrvd_history *h = *state;
	struct udrvd_recovery r;

	udrvd_outage_end(h, 50);		/* the very first I/O: no outage */
	udrvd_outage_begin(h, 100);
	udrvd_outage_begin(h, 200);
	udrvd_outage_end(h, 300);
	udrvd_outage_end(h, 400);
	udrvd_recovery_stats(h, &r);
	assert_true(r.n == 1 && r.last == 200);
	udrvd_outage_begin(h, 500);
	udrvd_outage_forget(h);			/* an operator's stop */
	udrvd_outage_end(h, 900);
	udrvd_recovery_stats(h, &r);
	assert_int_equal(r.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_the_newest, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_a_long_detail, setup, teardown),
		cmocka_unit_test_setup_teardown(recovery_figures, setup, teardown),
		cmocka_unit_test_setup_teardown(recovery_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(an_outage_is_counted_once, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
