// SPDX-License-Identifier: MIT
/* The process that waits for the driver's death: it takes over, it is nobody's
 * trouble while it waits, and a bad one costs nothing but the head start. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "udrvd_rig.h"

static void one(struct rig *r, const char *config)
{
	rig_device(r, "d", config);
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
}

static pid_t waits(struct rig *r)
{
	rig_wait_number(r, "d", "standby.waiting", 1, 5000);
	return (pid_t)rig_number(r, "d", "standby.pid");
}

/* How often the history has this entry, with this in its detail. */
static int count(struct rig *r, const char *what, const char *detail)
{
	struct json_object *o = rig_ask(r, "{\"cmd\":\"history\",\"name\":\"d\"}"), *h, *events;
	int n = 0;

	json_object_object_get_ex(o, "history", &h);
	json_object_object_get_ex(h, "events", &events);
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *e = json_object_array_get_idx(events, i), *w, *text;

		json_object_object_get_ex(e, "what", &w);
		json_object_object_get_ex(e, "detail", &text);
		n += !strcmp(json_object_get_string(w), what) &&
		     strstr(json_object_get_string(text), detail);
	}
	json_object_put(o);
	return n;
}

static void wait_for(struct rig *r, const char *what, const char *detail)
{
	double end = now_ms() + 5000;

	while (!count(r, what, detail)) {
		if (now_ms() > end)
			rig_fail(r, "the history has no '%s ... %s'", what, detail);
		nap_ms(5);
	}
}

static void takes_over(void **state)
{
	struct rig *r = *state;
	const int kills = 20;

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nstandby=yes\n");
	for (int i = 0; i < kills; i++) {
		pid_t next = waits(r);

		rig_want(r, rig_number(r, "d", "pid") != next);
		rig_want(r, rig_do(r, "kill", "d"));
		rig_wait_number(r, "d", "recovery.count", i + 1, 5000);
		rig_want(r, rig_number(r, "d", "pid") == next);
	}
	waits(r);
	rig_want(r, rig_drivers(r) == 2);
	rig_want(r, count(r, "go", "") == kills);
	rig_want(r, count(r, "spawned", "") == 1);		/* the first one */
	rig_want(r, rig_number(r, "d", "foreign_messages") == 0);
	print_message("# kill to first I/O: median %lld ms, max %lld ms of %d\n",
		      (long long)rig_number(r, "d", "recovery.median_ms"),
		      (long long)rig_number(r, "d", "recovery.max_ms"), kills);
}

static void restart_uses_it(void **state)
{
	struct rig *r = *state;
	pid_t next;

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nstandby=yes\n");
	next = waits(r);
	rig_want(r, rig_do(r, "restart", "d"));
	rig_wait_number(r, "d", "starts", 2, 5000);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_number(r, "d", "pid") == next);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
}

static void goes_with_the_device(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nstandby=yes\n");
	waits(r);
	rig_want(r, rig_do(r, "stop", "d"));
	rig_wait(r, "d", "off", 5000);
	rig_want(r, rig_drivers(r) == 0);
	rig_want(r, rig_do(r, "start", "d"));
	waits(r);
	rig_end(r, SIGTERM);
	rig_want(r, rig_drivers(r) == 0);
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
	waits(r);
	rig_end(r, SIGKILL);
	rig_want(r, rig_gone(r, 5000));
}

static void its_death_is_made_good(void **state)
{
	struct rig *r = *state;
	pid_t first;

	one(r, "options=mode=good\n[restart]\nbackoff_min=20ms\nstandby=yes\n");
	first = waits(r);
	rig_want(r, kill(first, SIGKILL) == 0);
	wait_for(r, "standby", "died");
	rig_want(r, waits(r) != first);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
	rig_want(r, rig_number(r, "d", "starts") == 1);
}

/* It cannot be told from one that hangs: both are silent. */
static void silence_is_noticed(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nwatchdog=1s\nstandby=yes\n");
	rig_want(r, kill(waits(r), SIGSTOP) == 0);
	wait_for(r, "standby", "is silent");
	waits(r);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
}

/* Whatever the standby does wrong, the device comes back, and a standby that
 * cannot come up is tried less and less often. */
static void bad(struct rig *r, const char *how, const char *note)
{
	char config[160];
	double began;

	snprintf(config, sizeof(config), "options=mode=good standby=%s\n[restart]\n"
		 "backoff_min=5ms\nstart_timeout=200ms\nwatchdog=200ms\n", how);
	one(r, config);
	wait_for(r, "standby", note);
	rig_want(r, rig_do(r, "kill", "d"));
	began = now_ms();
	rig_wait_number(r, "d", "recovery.count", 1, 5000);
	print_message("# standby=%s: recovered %.0f ms after the kill\n", how, now_ms() - began);
	nap_ms(300);
	/* On a busy host the watchdog may just have ended it once more. */
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_number(r, "d", "pid") > 0);
	rig_want(r, count(r, "standby", "started") < 15);
}

static void dies_before_it_waits(void **state) { bad(*state, "die", "died"); }
static void never_waits(void **state) { bad(*state, "mute", "is silent"); }
static void hangs_while_it_waits(void **state) { bad(*state, "hang", "is silent"); }
static void dies_at_the_go(void **state) { bad(*state, "gone", "is waiting"); }
static void hangs_after_the_go(void **state) { bad(*state, "stuck", "is waiting"); }

/* A driver that is not one of libudrv's takes itself for the real one.  No more are
 * started then (before it has spoken, a busy host may have made it look silent). */
static void does_not_know_how(void **state)
{
	struct rig *r = *state;
	int started;

	bad(r, "deaf", "does not know how to wait");
	started = count(r, "standby", "started");
	nap_ms(300);
	rig_want(r, count(r, "standby", "started") == started);
	rig_want(r, rig_drivers(r) == 1);
}

static void follows_its_file(void **state)
{
	struct rig *r = *state;
	char path[128];
	pid_t old;

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nwatchdog=1s\nstandby=yes\n");
	old = waits(r);
	snprintf(path, sizeof(path), "%s/fake", r->dir);
	rig_install(r, path);
	wait_for(r, "standby", "is outdated");
	rig_want(r, waits(r) != old);
	rig_want(r, rig_number(r, "d", "starts") == 1);
}

/* Without a watchdog nothing is heard of it, so that it shows at the go. */
static void no_old_file_takes_over(void **state)
{
	struct rig *r = *state;
	char path[128];

	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\nwatchdog=0\nstandby=yes\n");
	waits(r);
	snprintf(path, sizeof(path), "%s/fake", r->dir);
	rig_install(r, path);
	rig_want(r, rig_do(r, "kill", "d"));
	rig_wait_number(r, "d", "recovery.count", 1, 5000);
	rig_want(r, count(r, "standby", "cannot be used") == 1);
	rig_want(r, count(r, "spawned", "") == 2 && count(r, "go", "") == 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(takes_over), T(restart_uses_it), T(goes_with_the_device),
		T(its_death_is_made_good), T(silence_is_noticed), T(dies_before_it_waits),
		T(never_waits), T(hangs_while_it_waits), T(dies_at_the_go), T(hangs_after_the_go),
		T(does_not_know_how), T(follows_its_file), T(no_old_file_takes_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
