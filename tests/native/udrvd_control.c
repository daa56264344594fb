// SPDX-License-Identifier: MIT
/* The control socket under sensible, slow and mad clients; and udrvctl. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "udrvd_rig.h"

#define STATUS "{\"cmd\":\"status\"}\n"

static void start_one(struct rig *r)
{
	rig_device(r, "net0", "options=mode=good\n");
	rig_start(r);
	rig_wait(r, "net0", "running", 5000);
}

/* Still there, and quick? */
static void still_well(struct rig *r)
{
	double began = now_ms();

	rig_want(r, !strcmp(rig_text(r, "net0", "state"), "running"));
	rig_want(r, now_ms() - began < 1000);
}

static void refuse(struct rig *r, const char *line, const char *said)
{
	struct json_object *o = rig_ask(r, line), *ok, *error;

	rig_want(r, json_object_object_get_ex(o, "ok", &ok) && !json_object_get_boolean(ok));
	rig_want(r, json_object_object_get_ex(o, "error", &error));
	if (!strstr(json_object_get_string(error), said))
		rig_fail(r, "%s -> '%s', not '%s'", line, json_object_get_string(error), said);
	json_object_put(o);
}

static void refusals(void **state)
{
	struct rig *r = *state;

	start_one(r);
	refuse(r, "", "expected one JSON object a line");
	refuse(r, "hello", "expected one JSON object");
	refuse(r, "{\"cmd\":\"status\"", "expected one JSON object");
	refuse(r, "{\"cmd\":\"status\"} x", "expected one JSON object");
	refuse(r, "[1]", "expected one JSON object");
	refuse(r, "42", "expected one JSON object");
	refuse(r, "{\"cmd\":{\"a\":{\"b\":{\"c\":{\"d\":1}}}}}", "expected one JSON object");
	refuse(r, "{}", "no \"cmd\"");
	refuse(r, "{\"cmd\":7}", "'cmd' is no member of a request, or its value is wrong");
	refuse(r, "{\"cmd\":\"format\"}", "there is no command 'format'");
	refuse(r, "{\"cmd\":\"stop\"}", "stop needs the \"name\" of a device");
	refuse(r, "{\"cmd\":\"ping\",\"name\":\"net0\"}", "ping takes no \"name\"");
	refuse(r, "{\"cmd\":\"stop\",\"name\":\"net1\"}", "there is no device 'net1'; there are: net0");
	refuse(r, "{\"cmd\":\"kill\",\"name\":\"net0\",\"signal\":0}", "'signal'");
	refuse(r, "{\"cmd\":\"kill\",\"name\":\"net0\",\"signal\":65}", "'signal'");
	refuse(r, "{\"cmd\":\"kill\",\"name\":\"net0\",\"signal\":\"9\"}", "'signal'");
	refuse(r, "{\"cmd\":\"status\",\"colour\":1}", "'colour'");
	rig_want(r, rig_do(r, "stop", "net0"));
	rig_wait(r, "net0", "off", 5000);
	refuse(r, "{\"cmd\":\"kill\",\"name\":\"net0\"}", "net0 has no process (it is 'off')");
	rig_want(r, rig_do(r, "start", "net0"));
	rig_wait(r, "net0", "running", 5000);
	rig_want(r, rig_number(r, "net0", "deaths") == 0);
}

static void other_signals(void **state)
{
	struct rig *r = *state;
	struct json_object *o;

	start_one(r);
	o = rig_ask(r, "{\"cmd\":\"kill\",\"name\":\"net0\",\"signal\":6}");
	json_object_put(o);
	rig_wait_number(r, "net0", "deaths", 1, 5000);
	rig_want(r, !strcmp(rig_text(r, "net0", "last_cause"), "killed by SIGABRT"));
}

static void many_lines_at_once(void **state)
{
	struct rig *r = *state;
	char text[sizeof(STATUS) * 100] = "";
	int fd;

	start_one(r);
	fd = rig_connect(r);
	for (int i = 0; i < 100; i++)
		strcat(text, STATUS);
	for (int i = 0; i < 100; i++) {
		char *line = rig_line(fd, i ? NULL : text);

		rig_want(r, line && strstr(line, "\"ok\":true"));
		free(line);
	}
	close(fd);
}

static void half_closed(void **state)
{
	struct rig *r = *state;
	char *line;
	int fd;

	start_one(r);
	fd = rig_connect(r);
	rig_want(r, send(fd, STATUS, strlen(STATUS), 0) > 0);
	shutdown(fd, SHUT_WR);
	line = rig_line(fd, NULL);
	rig_want(r, line && strstr(line, "\"ok\":true"));
	free(line);
	rig_want(r, rig_line(fd, NULL) == NULL);	/* then it is closed */
	close(fd);
}

static void too_long_a_line(void **state)
{
	struct rig *r = *state;
	char text[10001], *line;
	int fd;

	start_one(r);
	fd = rig_connect(r);
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	line = rig_line(fd, text);
	rig_want(r, line && strstr(line, "a line has at most 4095 letters"));
	free(line);
	close(fd);
	still_well(r);
}

/* Asks and asks, and never reads an answer. */
static void never_reads(void **state)
{
	struct rig *r = *state;
	size_t sent = 0;
	int fd[8];

	start_one(r);
	for (int i = 0; i < 8; i++) {
		fd[i] = rig_connect(r);
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
		for (int j = 0; j < 20000; j++) {
			ssize_t n = send(fd[i], STATUS, strlen(STATUS), MSG_NOSIGNAL);

			if (n < 0)
				break;
			sent += (size_t)n;
		}
		still_well(r);
	}
	print_message("# 8 clients sent %zu bytes of requests before udrvd let them wait\n", sent);
	still_well(r);
	for (int i = 0; i < 8; i++)
		close(fd[i]);
	still_well(r);
}

/* What follows a NUL is part of the line too. */
static void nul_in_a_line(void **state)
{
	static const char text[] = "{\"cmd\":\"ping\"}\0, and more\n";
	struct rig *r = *state;
	char *line;

	start_one(r);
	rig_want(r, send(r->fd, text, sizeof(text) - 1, 0) == sizeof(text) - 1);
	line = rig_line(r->fd, NULL);
	rig_want(r, line && strstr(line, "expected one JSON object a line"));
	free(line);
	still_well(r);
}

static void random_bytes(void **state)
{
	struct rig *r = *state;

	start_one(r);
	srandom(1);
	for (int i = 0; i < 200; i++) {
		int fd = rig_connect(r);
		char text[600];

		for (size_t j = 0; j < sizeof(text); j++)
			text[j] = (char)(random() % 8 ? random() : "{}\"\n:[,0"[random() % 8]);
		rig_want(r, send(fd, text, (size_t)random() % sizeof(text), MSG_NOSIGNAL) >= 0);
		close(fd);
	}
	still_well(r);
	rig_want(r, rig_number(r, "net0", "deaths") == 0);
}

/* More than there is room for: the longest silent one goes, not us. */
static void crowd(void **state)
{
	struct rig *r = *state;
	int fd[100];

	start_one(r);
	for (int i = 0; i < 100; i++) {
		fd[i] = rig_connect(r);
		rig_want(r, fd[i] >= 0);
		if (i % 10 == 0)
			still_well(r);
	}
	still_well(r);
	for (int i = 0; i < 100; i++)
		close(fd[i]);
}

static void socket_is_private(void **state)
{
	struct rig *r = *state;
	char path[128];
	struct stat st;

	start_one(r);
	snprintf(path, sizeof(path), "%s/s", r->dir);
	rig_want(r, stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

/* ---- the programs ----------------------------------------------------------------- */

static char out[65536];

static void want_run(struct rig *r, int status, const char *said, const char *command)
{
	int got = rig_run(r, out, sizeof(out), "%s", command);

	if (got != status || !strstr(out, said))
		rig_fail(r, "%s: status %d, wanted %d and '%s':\n%s", command, got, status, said, out);
}

static void second_instance(void **state)
{
	struct rig *r = *state;
	char command[256];

	start_one(r);
	snprintf(command, sizeof(command), "udrvd -c %s/c -s %s/s", r->dir, r->dir);
	want_run(r, 1, "another udrvd is running with this socket", command);
	still_well(r);
}

static void wrong_configuration(void **state)
{
	struct rig *r = *state;
	char command[256];

	rig_device(r, "good", "options=mode=good\n");
	rig_device(r, "bad", "colour=red\n[restart]\nlimit=many\n");
	snprintf(command, sizeof(command), "udrvd -c %s/c -s %s/s", r->dir, r->dir);
	want_run(r, 1, "/bad.ini:5: unknown key 'colour'", command);
	rig_want(r, strstr(out, "/bad.ini:7: limit=many: expected a number") &&
		 strstr(out, "nothing was started"));
	strcat(command, " --check");
	want_run(r, 1, "/bad.ini:5: unknown key 'colour'", command);
	rig_device(r, "bad", "");
	want_run(r, 0, "", command);
	want_run(r, 1, "/nonexistent: No such file", "udrvd --check -c /nonexistent");
	snprintf(command, sizeof(command), "udrvd --check -c %s", r->dir);
	want_run(r, 1, "there is no device's file", command);
	want_run(r, 100, "usage: udrvd", "udrvd --frobnicate");
	want_run(r, 100, "'x' is not understood", "udrvd x");
	want_run(r, 0, "usage: udrvd", "udrvd --help");
	snprintf(command, sizeof(command), "udrvd -c %s/c -s %0120d", r->dir, 1);
	want_run(r, 1, "the path of a socket has at most", command);
	snprintf(command, sizeof(command), "udrvd -c %s/c -s %s/no/such/dir/s", r->dir, r->dir);
	want_run(r, 1, "No such file or directory", command);
}

/* A device that is not there; PCI addresses with slot 1f.7 on bus ff are rare. */
static void one_bad_device(void **state)
{
	struct rig *r = *state;
	char path[128];
	FILE *f;

	rig_device(r, "net0", "options=mode=good\n");
	snprintf(path, sizeof(path), "%s/c/a.ini", r->dir);
	f = fopen(path, "we");
	fputs("[device]\nname=absent\nbdf=0000:fe:1f.7\ndriver=/x\n", f);
	fclose(f);
	rig_start(r);
	rig_wait(r, "absent", "held", 5000);
	print_message("# absent: %s\n", rig_text(r, "absent", "last_cause"));
	rig_want(r, strlen(rig_text(r, "absent", "last_cause")) > 10);
	rig_want(r, rig_log_has(r, "udrvd: absent: 0000:fe:1f.7: "));
	rig_wait(r, "net0", "running", 5000);
}

static void ctl(struct rig *r, int status, const char *said, const char *args)
{
	char command[512];

	snprintf(command, sizeof(command), "udrvctl -s %s/s %s", r->dir, args);
	want_run(r, status, said, command);
}

static void udrvctl_does(void **state)
{
	struct rig *r = *state;
	struct json_object *o;

	ctl(r, 111, "udrvctl: udrvd is not running (no ", "status");
	start_one(r);
	ctl(r, 0, "STATE", "status");
	rig_want(r, strstr(out, "net0") && strstr(out, "running") && !strchr(out, '\033'));
	ctl(r, 0, "\"state\": \"running\"", "--json status net0");
	o = json_tokener_parse(out);
	rig_want(r, o && json_object_object_get_ex(o, "pid", NULL));
	json_object_put(o);
	ctl(r, 0, "\"devices\":", "status --json");
	ctl(r, 0, "", "ping");
	ctl(r, 0, "", "kill net0");
	ctl(r, 0, "", "wait net0 running --timeout 5");
	rig_wait_number(r, "net0", "recovery.count", 1, 5000);
	ctl(r, 0, "killed by SIGKILL (udrvctl kill)", "history net0");
	rig_want(r, strstr(out, "spawned") && strstr(out, "first-io") &&
		 strstr(out, "recoveries, death to first I/O: 1;"));
	ctl(r, 0, "\"events\":", "--json history net0 --limit 2");
	ctl(r, 0, "", "kill net0 --signal ABRT");
	rig_wait_number(r, "net0", "deaths", 2, 5000);
	ctl(r, 0, "", "stop net0");
	ctl(r, 0, "", "wait net0 off");
	ctl(r, 0, "", "shutdown");
	rig_want(r, WIFEXITED(rig_end(r, 0)));
	ctl(r, 111, "udrvd is not running", "ping");
}

static void udrvctl_refuses(void **state)
{
	struct rig *r = *state;

	start_one(r);
	ctl(r, 0, "", "stop net0");
	ctl(r, 0, "", "wait net0 off");
	ctl(r, 1, "net0 is 'off', not 'running'", "wait net0 running --timeout 0.2");
	ctl(r, 1, "net0 has no process", "kill net0");
	ctl(r, 1, "there is no device 'x'; there are: net0", "restart x");
	ctl(r, 100, "usage: udrvctl", "frob");
	ctl(r, 100, "usage: udrvctl", "");
	ctl(r, 100, "usage: udrvctl stop NAME", "stop");
	ctl(r, 100, "usage: udrvctl wait NAME off|", "wait net0 upside-down");
	ctl(r, 100, "--signal FROB: expected a signal", "kill net0 --signal FROB");
	ctl(r, 100, "--timeout x: expected seconds", "wait net0 off --timeout x");
}

/* Under systemd each line has its level first, the driver's death an error's. */
static void lines_for_a_journal(void **state)
{
	struct rig *r = *state;
	char path[128], line[1024];
	int lines = 0;
	FILE *f;

	setenv("JOURNAL_STREAM", "8:4711", 1);
	start_one(r);
	unsetenv("JOURNAL_STREAM");
	rig_want(r, rig_do(r, "kill", "net0"));
	rig_wait_number(r, "net0", "recovery.count", 1, 5000);
	snprintf(path, sizeof(path), "%s/log", r->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	for (; fgets(line, sizeof(line), f); lines++)
		if (line[0] != '<' || !strchr("01234567", line[1]) || strncmp(line + 2, ">udrvd: ", 8) != 0)
			fail_msg("not for a journal: %s", line);
	fclose(f);
	assert_true(lines >= 3);
	rig_want(r, rig_log_has(r, "<3>udrvd: net0: pid "));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(refusals), T(other_signals), T(many_lines_at_once), T(half_closed),
		T(too_long_a_line), T(never_reads), T(nul_in_a_line), T(random_bytes), T(crowd),
		T(socket_is_private), T(second_instance), T(wrong_configuration),
		T(one_bad_device), T(udrvctl_does), T(udrvctl_refuses), T(lines_for_a_journal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
