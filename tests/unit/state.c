// SPDX-License-Identifier: MIT
/* The state table, every state with every event, twice: against the picture in
 * docs/udrvd.md, written down once more, and by walking it at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../supervisor/state.h"

/*
 * A cell: the next state's first two letters, then the actions:
 * f orgive, t erm, k ill, q uiesce, r elease, h old, d own, b ack off, s pawn,
 * w atch, ! refused, # impossible.
 */
static const char *const picture[UDRVD_STATES][UDRVD_EVENTS + 1] = {
/*	start	stop	restart	kill	ready	died	limit	watchd	unusab	timeout
 *	unplug	plug */
	[UDRVD_OFF] = {
	"st fs", "of",	"st fs", "of !", "of #", "of #", "of #", "of #", "of #", "of #",
	"of",	"of" },
	[UDRVD_STARTING] = {
	"st",	"so t",	"re t",	"dy k",	"ru w",	"ba qhb", "he qd", "st #", "he rd", "dy k",
	"le t",	"st" },
	[UDRVD_RUNNING] = {
	"ru",	"so t",	"re t",	"dy k",	"ru",	"ba qhb", "he qd", "dy k", "ru #", "ru #",
	"le t",	"ru" },
	[UDRVD_DYING] = {
	"dy",	"so k",	"re k",	"dy k",	"dy",	"ba qhb", "he qd", "dy #", "dy #", "dy k",
	"le k",	"dy" },
	[UDRVD_BACKOFF] = {
	"st fs", "of qrd", "st fs", "ba !", "ba #", "ba #", "ba #", "ba #", "ba #", "st s",
	"he qrd", "ba" },
	[UDRVD_HELD] = {
	"st fs", "of qrd", "st fs", "he !", "he #", "he #", "he #", "he #", "he #", "he #",
	"he qrd", "st fs" },
	[UDRVD_STOPPING] = {
	"re t",	"so",	"re t",	"so k",	"so",	"of qrd", "of qrd", "so #", "so #", "so k",
	"so",	"so" },
	[UDRVD_RESTARTING] = {
	"re",	"so t",	"re",	"re k",	"re",	"st fqhs", "st fqhs", "re #", "re #", "re k",
	"le t",	"re" },
	[UDRVD_LEAVING] = {
	"le !",	"so t",	"le !",	"le k",	"le",	"he qrd", "he qrd", "le #", "le #", "le k",
	"le",	"le" },
};

static const char *const short_names[UDRVD_STATES] = {
	[UDRVD_OFF] = "of", [UDRVD_STARTING] = "st", [UDRVD_RUNNING] = "ru",
	[UDRVD_DYING] = "dy", [UDRVD_BACKOFF] = "ba", [UDRVD_HELD] = "he",
	[UDRVD_STOPPING] = "so", [UDRVD_RESTARTING] = "re", [UDRVD_LEAVING] = "le",
};

static void draw(struct udrvd_step step, char *cell)
{
	static const struct { unsigned int action; char letter; } letters[] = {
		{ UDRVD_FORGIVE, 'f' }, { UDRVD_TERM, 't' }, { UDRVD_KILL, 'k' },
		{ UDRVD_QUIESCE, 'q' }, { UDRVD_RELEASE, 'r' }, { UDRVD_HOLD, 'h' },
		{ UDRVD_DOWN, 'd' }, { UDRVD_DELAY, 'b' }, { UDRVD_SPAWN, 's' },
		{ UDRVD_WATCH, 'w' }, { UDRVD_REFUSE, '!' }, { UDRVD_IMPOSSIBLE, '#' },
	};

	cell += sprintf(cell, "%s", short_names[step.to]);
	if (step.actions)
		*cell++ = ' ';
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (step.actions & letters[i].action)
			*cell++ = letters[i].letter;
	*cell = '\0';
}

static void every_state_and_event(void **state)
{
	char cell[32];

	for (int s = 0; s < UDRVD_STATES; s++) {
		for (int e = 0; e < UDRVD_EVENTS; e++) {
			draw(udrvd_step(s, e), cell);
			if (!picture[s][e] || strcmp(cell, picture[s][e]) != 0)
				fail_msg("state %s, event %s: '%s', expected '%s'",
					 udrvd_state_name(s), udrvd_event_name(e), cell,
					 picture[s][e] ? picture[s][e] : "nothing: extend the picture");
		}
		assert_null(picture[s][UDRVD_EVENTS]);
	}
}

static bool has_process(enum udrvd_state s)
{
	return s == UDRVD_STARTING || s == UDRVD_RUNNING || s == UDRVD_DYING ||
	       s == UDRVD_STOPPING || s == UDRVD_RESTARTING || s == UDRVD_LEAVING;
}

static void quiet_before_anything_else(void **state)
{
	for (int s = 0; s < UDRVD_STATES; s++) {
		for (int e = UDRVD_EV_DIED; e <= UDRVD_EV_DIED_LIMIT; e++) {
			if (has_process(s))
				assert_true(udrvd_step(s, e).actions & UDRVD_QUIESCE);
		}
	}
	/* and act() in device.c goes by the order of the bits */
	assert_true(UDRVD_QUIESCE < UDRVD_RELEASE && UDRVD_QUIESCE < UDRVD_DELAY &&
		    UDRVD_QUIESCE < UDRVD_HOLD && UDRVD_HOLD < UDRVD_SPAWN);
}

/* What can happen to a model that has a process or not, holds the device or
 * not, and has the timer armed or not. */
struct model {
	enum udrvd_state s;
	bool process, held, timer;
};

static bool possible(const struct model *m, enum udrvd_event e)
{
	switch (e) {
	case UDRVD_EV_READY:
	case UDRVD_EV_DIED:
	case UDRVD_EV_DIED_LIMIT: return m->process;
	case UDRVD_EV_WATCHDOG: return m->s == UDRVD_RUNNING;
	case UDRVD_EV_TIMEOUT: return m->timer;
	case UDRVD_EV_UNUSABLE: return false;		/* see walk() */
	default: return true;
	}
}

static void walk_one(struct model *m, enum udrvd_event e)
{
	struct udrvd_step step = udrvd_step(m->s, e);
	unsigned int a = step.actions;

	if (e == UDRVD_EV_TIMEOUT)
		m->timer = false;
	if (e == UDRVD_EV_DIED || e == UDRVD_EV_DIED_LIMIT)
		m->process = false;
	assert_false(a & UDRVD_IMPOSSIBLE);
	if (step.to != m->s)
		m->timer = false;
	m->s = step.to;
	if (a & (UDRVD_TERM | UDRVD_KILL)) {
		assert_true(m->process);
		m->timer = true;
	}
	if (a & UDRVD_RELEASE) {
		assert_false(m->process);	/* never under a living driver */
		m->held = false;
	}
	if (a & UDRVD_DELAY)
		m->timer = true;
	if (a & UDRVD_SPAWN) {
		assert_false(m->process);	/* never two drivers */
		m->timer = m->held = m->process = true;
	}
	assert_int_equal(m->process, has_process(m->s));
	/* Whatever is neither at rest nor running has a time limit. */
	if (m->s != UDRVD_OFF && m->s != UDRVD_HELD && m->s != UDRVD_RUNNING)
		assert_true(m->timer);
	if (m->s == UDRVD_OFF)
		assert_false(m->held);
}

static void walk_at_random(void **state)
{
	struct model m = { .s = UDRVD_OFF };
	unsigned int seen[UDRVD_STATES] = { 0 };

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		enum udrvd_event e = (enum udrvd_event)(random() % UDRVD_EVENTS);

		if (possible(&m, e))
			walk_one(&m, e);
		/* Sometimes opening fails right after the start. */
		if (m.s == UDRVD_STARTING && m.process && random() % 50 == 0) {
			m.process = false;
			walk_one(&m, UDRVD_EV_UNUSABLE);
		}
		seen[m.s]++;
	}
	for (int s = 0; s < UDRVD_STATES; s++)
		assert_true(seen[s] > 100);
}

/* A stop comes to its end from everywhere, and a start gets everywhere on. */
static void ways_out(void **state)
{
	for (int s = 0; s < UDRVD_STATES; s++) {
		enum udrvd_state to = udrvd_step(s, UDRVD_EV_STOP).to;

		if (has_process(to))
			to = udrvd_step(to, UDRVD_EV_DIED).to;
		assert_int_equal(to, UDRVD_OFF);

		/* While a device goes, nothing can begin; afterwards it can. */
		to = udrvd_step(s == UDRVD_LEAVING ? UDRVD_HELD : s, UDRVD_EV_START).to;
		if (to == UDRVD_RESTARTING || to == UDRVD_DYING)
			to = udrvd_step(to, UDRVD_EV_DIED).to;
		if (to == UDRVD_BACKOFF)
			to = udrvd_step(to, UDRVD_EV_TIMEOUT).to;
		assert_true(to == UDRVD_STARTING || to == UDRVD_RUNNING);
	}
}

/* The kernel gets the device back whatever we are at, and no driver is left. */
static void unplugged(void **state)
{
	for (int s = 0; s < UDRVD_STATES; s++) {
		struct udrvd_step step = udrvd_step(s, UDRVD_EV_UNPLUGGED);

		if (has_process(s)) {
			assert_true(has_process(step.to));
			step = udrvd_step(step.to, UDRVD_EV_DIED);
		}
		assert_true(step.to == UDRVD_HELD || step.to == UDRVD_OFF);
		assert_true(s == UDRVD_OFF || (step.actions & UDRVD_RELEASE));
	}
}

static void names(void **state)
{
	for (int s = 0; s < UDRVD_STATES; s++)
		assert_int_equal(udrvd_state_parse(udrvd_state_name(s)), s);
	for (int e = 0; e < UDRVD_EVENTS; e++)
		assert_true(strlen(udrvd_event_name(e)) > 2);
	assert_int_equal(udrvd_state_parse("Running"), -1);
	assert_int_equal(udrvd_state_parse(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event),
		cmocka_unit_test(quiet_before_anything_else),
		cmocka_unit_test(walk_at_random),
		cmocka_unit_test(ways_out),
		cmocka_unit_test(unplugged),
		cmocka_unit_test(names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
