// SPDX-License-Identifier: MIT
/* What a driver may not do ends it, and the history says what that was. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "udrvd_rig.h"

static void forbidden_calls(void **state)
{
	static const char *const calls[] = {
		"clone", "socket", "ptrace", "kill", "tgkill", "prctl", "ioctl", "prlimit64",
		"setns", "ioperm", "execveat",
	};
	struct rig *r = *state;
	double began = now_ms(), took = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char config[128];

		snprintf(config, sizeof(config), "options=mode=forbidden call=%s\n[restart]\nlimit=1\nhealthy=1h\n",
			 calls[i]);
		rig_device(r, calls[i], config);
	}
	rig_start(r);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char wanted[64];

		rig_wait_number(r, calls[i], "deaths", 1, 5000);
		took = now_ms() - began;
		snprintf(wanted, sizeof(wanted), "killed by SIGKILL (seccomp: syscall %s", calls[i]);
		if (strncmp(rig_text(r, calls[i], "last_cause"), wanted, strlen(wanted)) != 0)
			rig_fail(r, "%s: %s", calls[i], rig_text(r, calls[i], "last_cause"));
	}
	print_message("# %zu forbidden calls noticed within %.0f ms\n",
		      sizeof(calls) / sizeof(calls[0]), took);
}

/* Without the filter the kernel's own rules decide, and nobody dies of them. */
static void unconfined(void **state)
{
	struct rig *r = *state;

	rig_device(r, "d", "options=mode=forbidden call=socket\n[sandbox]\nconfine=no\n");
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
	nap_ms(100);
	rig_want(r, rig_number(r, "d", "deaths") == 0);
}

static void a_user_each(void **state)
{
	struct rig *r = *state;
	long uid[2] = { 0, 0 };

	if (geteuid() != 0)
		skip();
	rig_device(r, "a", "options=mode=good\n");
	rig_device(r, "b", "options=mode=good\n");
	rig_start(r);
	for (int i = 0; i < 2; i++) {
		char path[64], line[128];
		FILE *f;

		rig_wait(r, i ? "b" : "a", "running", 5000);
		snprintf(path, sizeof(path), "/proc/%d/status", (int)rig_number(r, i ? "b" : "a", "pid"));
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "Uid: %ld", &uid[i]);
		if (f)
			fclose(f);
	}
	print_message("# users %ld and %ld\n", uid[0], uid[1]);
	rig_want(r, uid[0] >= 200000 && uid[1] >= 200000 && uid[0] != uid[1]);
}

static void sees(struct rig *r, const char *name, const char *wanted)
{
	rig_wait(r, name, "running", 5000);
	for (int i = 0; !*rig_text(r, name, "status") && i < 100; i++)
		nap_ms(10);
	if (strcmp(rig_text(r, name, "status"), wanted) != 0)
		rig_fail(r, "%s sees %s, not %s", name, rig_text(r, name, "status"), wanted);
}

static void a_cell(void **state)
{
	struct rig *r = *state;
	char config[256];

	if (geteuid() != 0)
		skip();
	snprintf(config, sizeof(config), "options=mode=look path=%s/log\n[sandbox]\nfiles=%s/log\n",
		 r->dir, r->dir);
	rig_device(r, "given", config);
	snprintf(config, sizeof(config), "options=mode=look path=%s/log\n", r->dir);
	rig_device(r, "plain", config);
	strcat(config, "[sandbox]\nconfine=no\n");
	rig_device(r, "open", config);
	rig_start(r);
	if (rig_log_has(r, "sees this machine's files"))
		skip();
	sees(r, "plain", "passwd- proc- null- path- write-");
	sees(r, "given", "passwd- proc- null- path+ write-");
	sees(r, "open", "passwd+ proc+ null+ path+ write-");
}

/* A ring's operations pass no filter: the ring itself refuses (13 is EACCES). */
static void a_ring(void **state)
{
	struct rig *r = *state;

	rig_device(r, "plain", "options=mode=ring\n");
	rig_device(r, "more", "options=mode=ring register=yes\n[restart]\nlimit=1\nhealthy=1h\n");
	rig_start(r);
	sees(r, "plain", "free -22 nop 0 open -13 socket -13 cmd -13");
	rig_wait_number(r, "more", "deaths", 1, 5000);
	if (!strstr(rig_text(r, "more", "last_cause"), "seccomp: syscall io_uring_register"))
		rig_fail(r, "it died otherwise: %s", rig_text(r, "more", "last_cause"));
}

/* So many senseless messages are no accident. */
static void garbage_for_ever(void **state)
{
	struct rig *r = *state;
	const char *cause;

	rig_device(r, "d", "options=mode=garbage n=3000\n[restart]\nlimit=1\n");
	rig_start(r);
	rig_wait_number(r, "d", "deaths", 1, 10000);
	cause = rig_text(r, "d", "last_cause");
	if (!strstr(cause, "protocol: 2000 malformed messages"))
		rig_fail(r, "it died otherwise: %s", cause);
}

/* A debugger keeps what it has attached to, dead or not, until it lets go: neither
 * this device nor the other waits for that. */
static void a_debugger(void **state)
{
	struct rig *r = *state;
	int status;
	pid_t pid;

	rig_device(r, "d", "options=mode=good\n");
	rig_device(r, "e", "options=mode=good\n");
	rig_start(r);
	rig_wait(r, "d", "running", 5000);
	rig_wait(r, "e", "running", 5000);
	pid = (pid_t)rig_number(r, "d", "pid");
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		skip();				/* not root */
	rig_want(r, rig_do(r, "kill", "d"));
	rig_wait_number(r, "d", "starts", 2, 5000);
	rig_wait(r, "d", "running", 5000);
	rig_want(r, kill(pid, 0) == 0);
	rig_want(r, !strcmp(rig_text(r, "d", "last_cause"), "killed by SIGKILL (udrvctl kill)"));
	rig_want(r, rig_log_has(r, "a debugger holds it"));
	rig_want(r, rig_do(r, "kill", "e"));
	rig_wait_number(r, "e", "starts", 2, 5000);
	rig_wait(r, "e", "running", 5000);
	rig_want(r, waitpid(pid, &status, __WALL) == pid && WIFSIGNALED(status));
	for (int i = 0; kill(pid, 0) == 0; i++) {
		rig_want(r, i < 500);		/* udrvd reaps it at last */
		nap_ms(10);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(forbidden_calls), T(unconfined), T(a_user_each), T(a_cell),
		T(a_ring), T(garbage_for_ever), T(a_debugger),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
