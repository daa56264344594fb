// SPDX-License-Identifier: MIT
/* udrvctl upgrade: a good program takes over, a bad one leads back to the old one
 * at whatever point it fails. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "udrvd_rig.h"

/* The scripts need a shell. */
#define CONFIG	"options=mode=good\n[restart]\nbackoff_min=5ms\nstart_timeout=1500ms\n" \
		"standby=yes\n[sandbox]\nconfine=no\n"

static void one(struct rig *r)
{
	rig_device(r, "d", CONFIG);
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
}

/* DIR/new: a script that first does this, then is the driver with this option. */
static void write_new(struct rig *r, const char *first, const char *option)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/new", r->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\nexec %s/fake mode=good %s\n", first, r->dir, option);
	fclose(f);
	chmod(path, 0755);
}

static int upgrade(struct rig *r, char *text, size_t size)
{
	return rig_run(r, text, size, "udrvctl -s %s/s upgrade d %s/new", r->dir, r->dir);
}

static bool runs(struct rig *r, const char *program)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", r->dir, program);
	return !strcmp(rig_text(r, "d", "driver"), path);
}

static void takes_over(void **state)
{
	struct rig *r = *state;
	char text[512], path[128];

	one(r);
	snprintf(path, sizeof(path), "%s/new", r->dir);
	rig_install(r, path);
	if (upgrade(r, text, sizeof(text)))
		rig_fail(r, "%s", text);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, runs(r, "new"));
	rig_want(r, rig_number(r, "d", "starts") == 2);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
	rig_want(r, rig_log_has(r, "new done"));
	/* It is also what comes after a death, and what stands by. */
	rig_wait_number(r, "d", "standby.waiting", 1, 5000);
	rig_want(r, rig_do(r, "kill", "d"));
	rig_wait_number(r, "d", "recovery.count", 1, 5000);
	rig_want(r, runs(r, "new") && rig_drivers(r) == 0);
}

/* It fails while the old one works: nobody notices. */
static void fails_early(struct rig *r, const char *why)
{
	char text[512];
	int64_t pid;

	one(r);
	pid = rig_number(r, "d", "pid");
	rig_want(r, upgrade(r, text, sizeof(text)) == 1);
	print_message("# %s", text);
	rig_want(r, strstr(text, why));
	rig_want(r, rig_number(r, "d", "pid") == pid);
	rig_want(r, runs(r, "fake") && rig_number(r, "d", "starts") == 1);
	rig_wait_number(r, "d", "standby.waiting", 1, 5000);
	rig_want(r, rig_drivers(r) == 2);
}

static void dies_at_once(void **state)
{
	write_new(*state, "exit 1", "");
	fails_early(*state, "died");
}

static void never_waits(void **state)
{
	write_new(*state, "kill -STOP $$", "");
	fails_early(*state, "is silent");
}

static void does_not_know_how(void **state)
{
	write_new(*state, "", "standby=deaf");
	fails_early(*state, "does not know how to stand by");
}

/* It fails with the device in its hands: the old one comes back. */
static void fails_late(struct rig *r, const char *why)
{
	char text[512];
	double began;

	one(r);
	began = now_ms();
	rig_want(r, upgrade(r, text, sizeof(text)) == 1);
	rig_wait_number(r, "d", "starts", 3, 5000);
	rig_wait(r, "d", "running", 5000);
	print_message("# back after %.0f ms: %s", now_ms() - began, text);
	rig_want(r, strstr(text, why));
	rig_want(r, runs(r, "fake") && rig_number(r, "d", "deaths") == 1);
}

static void dies_at_the_go(void **state)
{
	write_new(*state, "", "standby=gone");
	fails_late(*state, "exited with status 1");
}

static void is_never_ready(void **state)
{
	write_new(*state, "", "standby=stuck");
	fails_late(*state, "no READY=1 within 1500 ms");
}

/* ---- the device goes on meanwhile ------------------------------------------------- */

#define OLD	"options=mode=good layout=x-1 %s\n[restart]\nbackoff_min=5ms\n" \
		"start_timeout=9s\nstop_timeout=700ms\nstandby=yes\n[sandbox]\nconfine=no\n"

static void old_one(struct rig *r, const char *option)
{
	char config[256];

	snprintf(config, sizeof(config), OLD, option);
	rig_device(r, "d", config);
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
}

/* How often: what udrvctl history has of it. */
static int handed_over(struct rig *r)
{
	char text[16384];
	int n = 0;

	rig_run(r, text, sizeof(text), "udrvctl -s %s/s history d", r->dir);
	for (const char *at = text; (at = strstr(at, "handed-over")); at++)
		n++;
	return n;
}

static void hands_over(void **state)
{
	struct rig *r = *state;
	char text[512];

	write_new(r, "", "layout=x-1");
	old_one(r, "");
	rig_want(r, upgrade(r, text, sizeof(text)) == 0);
	rig_want(r, runs(r, "new") && rig_number(r, "d", "deaths") == 0);
	rig_want(r, handed_over(r) == 1);
	/* A restart is none, and a death still less. */
	rig_want(r, rig_do(r, "restart", "d"));
	rig_wait_number(r, "d", "starts", 3, 5000);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, handed_over(r) == 1);
}

/* They end in order, and the new one begins anew. */
static void not_handed_over(struct rig *r, const char *old, const char *new)
{
	char text[512];

	write_new(r, "", new);
	old_one(r, old);
	rig_want(r, upgrade(r, text, sizeof(text)) == 0);
	rig_want(r, runs(r, "new") && handed_over(r) == 0);
	rig_want(r, rig_number(r, "d", "starts") == 2);
}

static void another_layout(void **state)
{
	not_handed_over(*state, "", "layout=x-2");
}

static void no_layout(void **state)
{
	not_handed_over(*state, "", "");
}

static void hangs_as_it_hands_over(void **state)
{
	not_handed_over(*state, "handover=hang", "layout=x-1");
	rig_want(*state, rig_log_has(*state, "no end within 700 ms"));
}

/* Nobody asked it to. */
static void lies(void **state)
{
	struct rig *r = *state;

	old_one(r, "handover=lie");
	rig_want(r, rig_do(r, "restart", "d"));
	rig_wait_number(r, "d", "starts", 2, 5000);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, handed_over(r) == 0);
}

/* A device that nobody drives does not wait for long. */
static void the_heir_hangs(void **state)
{
	struct rig *r = *state;
	char text[512];
	double began;

	write_new(r, "", "layout=x-1 standby=stuck");
	old_one(r, "");
	began = now_ms();
	rig_want(r, upgrade(r, text, sizeof(text)) == 1);
	rig_wait_number(r, "d", "starts", 3, 5000);
	rig_wait(r, "d", "running", 5000);
	print_message("# back after %.0f ms: %s", now_ms() - began, text);
	rig_want(r, strstr(text, "no READY=1 within 700 ms"));
	rig_want(r, runs(r, "fake") && handed_over(r) == 1);
}

static void a_death_meanwhile_ends_it(void **state)
{
	struct rig *r = *state;
	char text[256];

	write_new(r, "kill -STOP $$", "");
	one(r);
	snprintf(text, sizeof(text), "{\"cmd\":\"upgrade\",\"name\":\"d\",\"driver\":\"%s/new\"}",
		 r->dir);
	json_object_put(rig_ask(r, text));
	rig_want(r, rig_do(r, "kill", "d"));
	rig_wait_number(r, "d", "recovery.count", 1, 5000);
	rig_want(r, rig_log_has(r, "new failed: killed by SIGKILL (udrvctl kill)"));
	nap_ms(300);
	rig_want(r, runs(r, "fake") && rig_number(r, "d", "starts") == 2);
}

static void refuses_nonsense(void **state)
{
	static const struct { const char *args, *said; } wrong[] = {
		{ "d new", "expected an absolute path" },
		{ "d /nonexistent", "No such file" },
		{ "d /etc", "expected a program that can be executed" },
		{ "e /bin/true", "there is no device 'e'" },
	};
	struct rig *r = *state;
	char text[512];

	one(r);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		rig_want(r, rig_run(r, text, sizeof(text), "udrvctl -s %s/s upgrade %s", r->dir,
				    wrong[i].args) == 1);
		if (!strstr(text, wrong[i].said))
			rig_fail(r, "%s: %s", wrong[i].args, text);
	}
	rig_want(r, rig_do(r, "stop", "d"));
	rig_wait(r, "d", "off", 5000);
	rig_want(r, rig_run(r, text, sizeof(text), "udrvctl -s %s/s upgrade d /bin/true", r->dir) == 1);
	rig_want(r, strstr(text, "d is 'off'; only a driver that runs can be upgraded"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(takes_over), T(dies_at_once), T(never_waits), T(does_not_know_how),
		T(dies_at_the_go), T(is_never_ready), T(hands_over), T(another_layout),
		T(no_layout), T(hangs_as_it_hands_over), T(lies), T(the_heir_hangs),
		T(a_death_meanwhile_ends_it),
		T(refuses_nonsense),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
