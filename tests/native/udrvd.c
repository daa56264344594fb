// SPDX-License-Identifier: MIT
/* udrvd and drivers that misbehave (tests/drivers/fake.c): what it notices,
 * what it does, and what it leaves behind. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "udrvd_rig.h"

static void one(struct rig *r, const char *config)
{
	rig_device(r, "d", config);
	rig_start(r);
}

static void runs_and_stops(void **state)
{
	struct rig *r = *state;
	int64_t pid;

	one(r, "options=mode=good\n");
	rig_wait(r, "d", "running", 5000);
	pid = rig_number(r, "d", "pid");
	rig_want(r, pid > 0 && kill((pid_t)pid, 0) == 0);
	rig_want(r, rig_do(r, "start", "d"));			/* it is; nothing happens */
	rig_want(r, rig_number(r, "d", "pid") == pid);
	rig_want(r, rig_do(r, "stop", "d"));
	rig_wait(r, "d", "off", 5000);
	rig_want(r, rig_number(r, "d", "pid") == 0);
	rig_want(r, rig_drivers(r) == 0);
	rig_want(r, rig_number(r, "d", "deaths") == 0);		/* it was asked to */
	rig_want(r, rig_do(r, "start", "d"));
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_do(r, "restart", "d"));
	rig_wait_number(r, "d", "starts", 3, 5000);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_number(r, "d", "recovery.count") == 0);
}

/* What it was given, as the driver itself sees it. */
static void sandbox(void **state)
{
	struct rig *r = *state;
	const char *status;

	one(r, "options=mode=show\n[sandbox]\nuser=12345\ngroup=23456\nfiles=/proc\n");
	rig_wait(r, "d", "running", 5000);
	nap_ms(50);
	status = rig_text(r, "d", "status");
	print_message("# the driver sees %s\n", status);
	rig_want(r, strstr(status, "CapPrm=0,") && strstr(status, "nnp=1") &&
		 strstr(status, "core=0,"));
	/* 0, 1, 2, arena, checkpoint, (5: notify), and 6 that it opened itself */
	rig_want(r, strstr(status, "fds=012346,") == status);
	if (geteuid() == 0)
		rig_want(r, strstr(status, "uid=12345,gid=23456,CapPrm") &&
			 strstr(status, "CapBnd=0,"));
}

/* Kill it again and again, as soon as it has done something. */
static void survives_kills(void **state)
{
	struct rig *r = *state;
	const int kills = 30;

	one(r, "options=mode=good\n[restart]\nbackoff_min=10ms\n");
	for (int i = 0; i < kills; i++) {
		rig_wait(r, "d", "running", 5000);
		rig_wait_number(r, "d", "recovery.count", i, 5000);
		rig_want(r, rig_do(r, "kill", "d"));
	}
	rig_wait_number(r, "d", "recovery.count", kills, 5000);
	rig_want(r, rig_number(r, "d", "deaths") == kills);
	rig_want(r, rig_number(r, "d", "restarts") == kills);
	rig_want(r, rig_number(r, "d", "strikes") == 0);
	print_message("# kill to first I/O: median %lld ms, max %lld ms of %d\n",
		      (long long)rig_number(r, "d", "recovery.median_ms"),
		      (long long)rig_number(r, "d", "recovery.max_ms"), kills);
	rig_want(r, rig_gone(r, 0) == false && rig_drivers(r) == 1);
}

/* Not through udrvd, and at any moment, also while it starts. */
static void survives_kills_from_outside(void **state)
{
	struct rig *r = *state;
	int kills = 0;

	srandom(1);
	one(r, "options=mode=good\n[restart]\nbackoff_min=5ms\n");
	for (int i = 0; i < 50; i++) {
		pid_t pid = (pid_t)rig_number(r, "d", "pid");

		if (pid)
			kills += kill(pid, SIGKILL) == 0;
		nap_ms((int)(random() % 40));
	}
	rig_wait(r, "d", "running", 5000);
	print_message("# %d kills, %lld deaths\n", kills, (long long)rig_number(r, "d", "deaths"));
	rig_want(r, kills > 20);
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void dies_at_start_up(void **state)
{
	struct rig *r = *state;
	double began = now_ms(), took;
	char text[65536];

	one(r, "options=mode=die\n[restart]\nbackoff_min=5ms\nbackoff_max=40ms\nlimit=20\n");
	rig_wait(r, "d", "held", 20000);
	took = now_ms() - began;
	rig_want(r, rig_number(r, "d", "starts") == 20);
	rig_want(r, rig_number(r, "d", "strikes") == 20);
	rig_want(r, !strcmp(rig_text(r, "d", "last_cause"), "exited with status 1"));
	/* 5 + 10 + 20 + 15 * 40 */
	print_message("# given up after 20 deaths in %.0f ms (635 ms of waiting)\n", took);
	rig_want(r, took >= 635);
	nap_ms(200);
	rig_want(r, rig_number(r, "d", "starts") == 20);
	rig_want(r, rig_run(r, text, sizeof(text), "udrvctl -s %s/s --json history d", r->dir) == 0);
	/* The first restart waits only if the driver died within backoff_min. */
	rig_want(r, count(text, "\"backoff\"") >= 18 && count(text, "\"held\"") == 1);
	/* An operator may think otherwise. */
	rig_want(r, rig_do(r, "start", "d"));
	rig_wait_number(r, "d", "starts", 40, 20000);
	rig_wait(r, "d", "held", 5000);
}

static bool has_children(struct rig *r)
{
	char path[64], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", r->pid, r->pid);
	f = fopen(path, "re");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return text[0];
}

static void write_script(struct rig *r, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/script", r->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	chmod(path, 0755);
	snprintf(path, sizeof(path), "%s/w", r->dir);
	mkdir(path, 0755);
	chmod(path, 0777);
}

/* Waits for a line in the log. */
static void logged(struct rig *r, const char *text)
{
	double end = now_ms() + 5000;

	while (!rig_log_has(r, text)) {
		if (now_ms() > end)
			rig_fail(r, "the log has no '%s'", text);
		nap_ms(5);
	}
}

static void somebody_is_told(void **state)
{
	struct rig *r = *state;
	char config[256], text[512] = "", path[128];
	FILE *f;

	write_script(r, "echo \"$1 $UDRV_NAME $UDRV_DEVICE $UDRV_CAUSE $UDRV_DEATHS $(id -u)\" >> ${0%script}w/told");
	snprintf(config, sizeof(config), "options=mode=die\n[restart]\nlimit=3\nbackoff_min=1ms\n"
		 "[held]\ncommand=%s/script\nuser=12345\n", r->dir);
	one(r, config);
	rig_wait(r, "d", "held", 5000);
	logged(r, "script ended well");
	snprintf(path, sizeof(path), "%s/w/told", r->dir);
	f = fopen(path, "re");
	rig_want(r, f && fgets(text, sizeof(text), f));
	rig_want(r, !strncmp(text, "d d none exited with status 1 3 ", 32));
	if (geteuid() == 0)
		rig_want(r, !strcmp(text + 32, "12345\n"));
	/* once for each time that it is given up */
	rig_want(r, !fgets(text, sizeof(text), f));
	fclose(f);
}

static void who_is_told_has_a_limit(void **state)
{
	struct rig *r = *state;
	char config[256];

	write_script(r, "trap '' TERM HUP; (trap '' HUP; sleep 1000) & sleep 1000");
	snprintf(config, sizeof(config), "options=mode=die\n[restart]\nlimit=1\n"
		 "[held]\ncommand=%s/script\ntimeout=100ms\n", r->dir);
	rig_device(r, "d", config);
	snprintf(config, sizeof(config), "options=mode=die\n[restart]\nlimit=1\n"
		 "[held]\ncommand=%s/none\n", r->dir);
	rig_device(r, "e", config);
	rig_start(r);
	rig_wait(r, "d", "held", 5000);
	logged(r, "script ended by signal 9: its time was up");
	logged(r, "none ended with status 127: it cannot be executed");
	rig_want(r, !has_children(r));
}

/* A crash at each start, after READY=1 but before any work: useless too. */
static void crashes_before_work(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=lazy\n[restart]\nbackoff_min=1ms\nbackoff_max=1ms\nlimit=3\n");
	for (int i = 0; i < 3; i++) {
		rig_wait(r, "d", "running", 5000);
		rig_want(r, rig_do(r, "kill", "d"));
	}
	rig_wait(r, "d", "held", 5000);
}

static void cannot_be_executed(void **state)
{
	struct rig *r = *state;

	rig_device_driver(r, "gone", "/nonexistent/driver", "[restart]\nlimit=2\nbackoff_min=1ms\n");
	rig_device_driver(r, "text", "/etc/passwd", "[restart]\nlimit=2\nbackoff_min=1ms\n");
	rig_device(r, "good", "options=mode=good\n");
	rig_start(r);
	rig_wait(r, "gone", "held", 5000);
	rig_want(r, !strcmp(rig_text(r, "gone", "last_cause"),
			    "driver=/nonexistent/driver: No such file or directory"));
	rig_wait(r, "text", "held", 5000);
	rig_want(r, !strcmp(rig_text(r, "text", "last_cause"),
			    "driver=/etc/passwd: Permission denied"));
	rig_wait(r, "good", "running", 5000);
}

static void never_ready(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=mute\n[restart]\nstart_timeout=100ms\nlimit=2\nbackoff_min=1ms\n");
	rig_wait(r, "d", "held", 5000);
	rig_want(r, !strcmp(rig_text(r, "d", "last_cause"),
			    "killed by SIGKILL (no READY=1 within 100 ms)"));
}

static void watchdog(void **state)
{
	struct rig *r = *state;
	double began;

	rig_device(r, "stuck", "options=mode=stuck\n[restart]\nwatchdog=200ms\n");
	rig_device(r, "good", "options=mode=good\n[restart]\nwatchdog=1s\n");
	rig_start(r);
	rig_wait(r, "stuck", "running", 5000);
	rig_wait(r, "good", "running", 5000);
	rig_wait_number(r, "stuck", "deaths", 2, 5000);
	rig_want(r, !strcmp(rig_text(r, "stuck", "last_cause"),
			    "killed by SIGKILL (watchdog: silent for 200 ms)"));
	rig_want(r, rig_number(r, "good", "deaths") == 0);

	/* A stopped process is silent too. */
	began = now_ms();
	rig_want(r, kill((pid_t)rig_number(r, "good", "pid"), SIGSTOP) == 0);
	rig_wait_number(r, "good", "deaths", 1, 5000);
	print_message("# SIGSTOP was noticed after %.0f ms (watchdog=1s)\n", now_ms() - began);
	rig_wait(r, "good", "running", 5000);
}

static void does_not_stop(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=stubborn\n[restart]\nstop_timeout=100ms\n");
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_do(r, "restart", "d"));
	rig_wait_number(r, "d", "starts", 2, 5000);
	rig_want(r, !strcmp(rig_text(r, "d", "last_cause"),
			    "killed by SIGKILL (no end within 100 ms of SIGTERM)"));
	rig_wait(r, "d", "running", 5000);
	rig_want(r, rig_do(r, "stop", "d"));
	rig_wait(r, "d", "off", 5000);
	rig_want(r, rig_drivers(r) == 0);
}

static void crash_is_named(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=crash ms=50\n");
	rig_wait_number(r, "d", "deaths", 3, 5000);
	rig_want(r, !strcmp(rig_text(r, "d", "last_cause"), "killed by SIGABRT"));
	rig_want(r, rig_number(r, "d", "strikes") == 0);	/* it works in between */
}

/* Children in its session, in another one, and with a dead parent: whoever
 * lived on would hold the device's descriptors. */
static void leaves_children_behind(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=brood\n[restart]\nlimit=1\n[sandbox]\nconfine=no\n");
	rig_wait(r, "d", "running", 5000);
	for (int i = 0; rig_drivers(r) < 5; i++) {
		rig_want(r, i < 500);
		nap_ms(10);
	}
	rig_want(r, rig_do(r, "stop", "d"));
	rig_wait(r, "d", "off", 5000);
	/* On a busy host they are killed, but need longer to die than udrvd waits. */
	rig_want(r, rig_gone(r, 2000));
	rig_want(r, rig_log_has(r, "left processes behind") || rig_log_has(r, "does not die"));
	/* and none of them as a zombie of udrvd */
	for (int i = 0; has_children(r); i++) {
		rig_want(r, i < 500);
		nap_ms(10);
	}
}

static void garbage_messages(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=garbage n=1000\n");
	rig_wait(r, "d", "running", 10000);
	rig_want(r, rig_number(r, "d", "malformed_messages") == 1000);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
	rig_want(r, rig_log_has(r, "no more of these lines"));
}

static void only_the_driver_itself_is_heard(void **state)
{
	struct rig *r = *state;

	one(r, "options=mode=proxy\n[restart]\nstart_timeout=1500ms\nlimit=1\n[sandbox]\nconfine=no\n");
	rig_wait(r, "d", "held", 5000);
	rig_want(r, rig_number(r, "d", "foreign_messages") == 1);
}

/* One that never stops talking takes nothing from the others. */
static void flood(void **state)
{
	struct rig *r = *state;
	double began, worst = 0;

	rig_device(r, "flood", "options=mode=flood\n[restart]\nwatchdog=0\n");
	/* What a busy host alone may keep it from is no sign of starving. */
	rig_device(r, "good", "options=mode=good\n[restart]\nwatchdog=2s\n");
	rig_start(r);
	rig_wait(r, "flood", "running", 5000);
	rig_wait(r, "good", "running", 5000);
	for (int i = 0; i < 50; i++) {
		double took;

		began = now_ms();
		rig_want(r, !strcmp(rig_text(r, "good", "state"), "running"));
		took = now_ms() - began;
		worst = took > worst ? took : worst;
		nap_ms(20);
	}
	print_message("# slowest answer under a flood of messages: %.1f ms\n", worst);
	rig_want(r, worst < 2000);
	rig_want(r, rig_number(r, "good", "deaths") == 0);
	rig_want(r, rig_number(r, "flood", "deaths") == 0);
}

/* Steps of a recovery, in their order. */
static void history_tells_it(void **state)
{
	static const char *const wanted[] = {
		"opened", "spawned", "ready", "first-io", "signal", "died", "spawned", "ready",
		"first-io",
	};
	struct rig *r = *state;
	struct json_object *o, *events, *h;
	int64_t last = 0;

	one(r, "options=mode=good\n[restart]\nbackoff_min=1ms\n");
	rig_wait(r, "d", "running", 5000);
	nap_ms(20);
	rig_want(r, rig_do(r, "kill", "d"));
	rig_wait_number(r, "d", "recovery.count", 1, 5000);
	o = rig_ask(r, "{\"cmd\":\"history\",\"name\":\"d\"}");
	json_object_object_get_ex(o, "history", &h);
	json_object_object_get_ex(h, "events", &events);
	rig_want(r, json_object_array_length(events) == sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct json_object *e = json_object_array_get_idx(events, i), *v;

		json_object_object_get_ex(e, "what", &v);
		if (strcmp(json_object_get_string(v), wanted[i]) != 0)
			rig_fail(r, "entry %zu is '%s', not '%s'", i, json_object_get_string(v),
				 wanted[i]);
		json_object_object_get_ex(e, "ns", &v);
		rig_want(r, json_object_get_int64(v) >= last);
		last = json_object_get_int64(v);
	}
	json_object_put(o);
}

/* ---- udrvd's own life ------------------------------------------------------------- */

static void ends_cleanly(void **state)
{
	struct rig *r = *state;
	char path[128];
	int status;

	rig_device(r, "a", "options=mode=good\n");
	rig_device(r, "b", "options=mode=stubborn\n[restart]\nstop_timeout=200ms\n");
	rig_device(r, "c", "options=mode=die\n");
	rig_device_driver(r, "e", "/nonexistent", "");
	rig_start(r);
	rig_wait(r, "a", "running", 5000);
	rig_wait(r, "b", "running", 5000);
	status = rig_end(r, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_want(r, rig_drivers(r) == 0);
	snprintf(path, sizeof(path), "%s/s", r->dir);
	rig_want(r, access(path, F_OK) != 0);
}

static void its_death_ends_drivers(void **state)
{
	struct rig *r = *state;

	/* Without a watchdog they say nothing, and would not notice. */
	rig_device(r, "a", "options=mode=good\n[restart]\nwatchdog=0\n");
	rig_device(r, "b", "options=mode=stubborn\n[restart]\nwatchdog=0\n");
	rig_start(r);
	rig_wait(r, "a", "running", 5000);
	rig_wait(r, "b", "running", 5000);
	rig_end(r, SIGKILL);
	rig_want(r, rig_gone(r, 2000));
	/* It left its socket behind; the next one is not put off by that. */
	rig_start(r);
	rig_wait(r, "a", "running", 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(runs_and_stops), T(sandbox), T(survives_kills), T(survives_kills_from_outside),
		T(dies_at_start_up), T(somebody_is_told),
		T(who_is_told_has_a_limit), T(crashes_before_work), T(cannot_be_executed), T(never_ready),
		T(watchdog), T(does_not_stop), T(crash_is_named), T(leaves_children_behind),
		T(garbage_messages), T(only_the_driver_itself_is_heard), T(flood),
		T(history_tells_it), T(ends_cleanly), T(its_death_ends_drivers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
