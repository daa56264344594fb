// SPDX-License-Identifier: MIT
/* udrvd_rig.c - an udrvd with a directory of its own, for tests. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "udrvd_rig.h"

#define PATIENCE_MS	10000
/* Limits are for a machine of one's own; who waits for no reason does so once. */
#define BUSY		4

void nap_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* ---- files --------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to)
{
	char buf[65536];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	size_t n;

	if (!in || !out)
		fail_msg("%s -> %s: %s", from, to, strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	fclose(in);
	fclose(out);
	chmod(to, 0755);
}

/* One rig at a time on a machine: a driver's user follows from its device's name,
 * so that those of two rigs would share what one user may have. */
static int take_turn(void)
{
	int fd = open("/tmp/udrv-rig.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		return -1;
	}
	return fd;
}

int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	char path[512];
	ssize_t n;

	/* build/tests/native/udrvd -> build */
	n = readlink("/proc/self/exe", r->build, sizeof(r->build) - 1);
	r->build[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(r->build, '/') = '\0';
	strcpy(r->dir, "/tmp/udrvd-test-XXXXXX");
	if (!mkdtemp(r->dir) || chmod(r->dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/c", r->dir);
	mkdir(path, 0755);
	r->fd = -1;
	r->turn = take_turn();
	*state = r;
	return 0;
}

static void remove_tree(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[512];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_DIR)
			remove_tree(path);
		else
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

int rig_teardown(void **state)
{
	struct rig *r = *state;

	if (r->pid)
		rig_end(r, SIGKILL);
	remove_tree(r->dir);
	if (r->turn >= 0)
		close(r->turn);
	free(r);
	return 0;
}

/* Without a standby unless the test is about that: their processes are counted.
 * It is said below the test's own lines, whose numbers are in messages. */
static void write_config(FILE *f, const char *config)
{
	const char *at = strstr(config, "[restart]\n"), *end = at ? strstr(at, "\n[") : NULL;
	size_t head = end ? (size_t)(end - config) : strlen(config);

	if (strstr(config, "standby"))
		fputs(config, f);
	else
		fprintf(f, "%.*s%s\nstandby=no\n%s", (int)head, config,
			at ? "" : "\n[restart]", config + head);
}

void rig_device_driver(struct rig *r, const char *name, const char *driver, const char *config)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/c/%s.ini", r->dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "[device]\nname=%s\nbdf=none\ndriver=%s\n", name, driver);
	write_config(f, config);
	fclose(f);
}

/* A copy, because an unprivileged driver may not see our build folder. */
void rig_install(struct rig *r, const char *to)
{
	char from[512], next[160];

	snprintf(from, sizeof(from), "%s/tests/drivers/fake", r->build);
	snprintf(next, sizeof(next), "%s.new", to);
	copy_file(from, next);
	rename(next, to);
}

void rig_device(struct rig *r, const char *name, const char *config)
{
	char to[128];

	snprintf(to, sizeof(to), "%s/fake", r->dir);
	if (access(to, X_OK))
		rig_install(r, to);
	rig_device_driver(r, name, to, config);
}

static FILE *open_log(struct rig *r)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/log", r->dir);
	return fopen(path, "re");
}

bool rig_log_has(struct rig *r, const char *text)
{
	FILE *f = open_log(r);
	bool found = false;
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		found |= strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return found;
}

void rig_fail(struct rig *r, const char *fmt, ...)
{
	FILE *f = open_log(r);
	char text[1024];
	va_list ap;

	while (f && fgets(text, sizeof(text), f))
		print_message("log: %s", text);
	if (f)
		fclose(f);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail_msg("%s", text);
	abort();	/* not reached: fail_msg jumps */
}

/* ---- processes ------------------------------------------------------------------- */

static void run_udrvd(struct rig *r)
{
	char program[300], config[128], socket_path[128], log[128];
	int fd;

	static const gid_t groups[] = { 4, 5 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (geteuid() == 0)	/* which a driver must not inherit */
		setgroups(2, groups);
	snprintf(program, sizeof(program), "%s/supervisor/udrvd", r->build);
	snprintf(config, sizeof(config), "%s/c", r->dir);
	snprintf(socket_path, sizeof(socket_path), "%s/s", r->dir);
	snprintf(log, sizeof(log), "%s/log", r->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, 30);		/* one that our parent forgot: no driver may get it */
	dup2(fd, 1);
	dup2(fd, 2);
	execl(program, "udrvd", "-c", config, "-s", socket_path, (char *)NULL);
	perror(program);
	_exit(111);
}

void rig_start(struct rig *r)
{
	double end = now_ms() + PATIENCE_MS;

	r->pid = fork();
	if (r->pid == 0)
		run_udrvd(r);
	while ((r->fd = rig_connect(r)) < 0) {
		if (now_ms() > end)
			rig_fail(r, "udrvd does not come up");
		nap_ms(5);
	}
}

int rig_end(struct rig *r, int sig)
{
	double end = now_ms() + PATIENCE_MS;
	int status = 0;

	kill(r->pid, sig);
	while (waitpid(r->pid, &status, WNOHANG) == 0) {
		if (now_ms() > end) {
			kill(r->pid, SIGKILL);
			end += 1e9;
		}
		nap_ms(5);
	}
	if (now_ms() > end)
		rig_fail(r, "udrvd did not end by signal %d", sig);
	r->pid = 0;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	return status;
}

int rig_drivers(struct rig *r)
{
	DIR *d = opendir("/proc");
	char wanted[128], path[300], exe[512];
	struct dirent *e;
	int n = 0;

	snprintf(wanted, sizeof(wanted), "%s/fake", r->dir);
	while ((e = readdir(d))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
		len = readlink(path, exe, sizeof(exe) - 1);
		if (len < 0)
			continue;
		exe[len] = '\0';
		n += !strcmp(exe, wanted);
	}
	closedir(d);
	return n;
}

bool rig_gone(struct rig *r, int ms)
{
	double end = now_ms() + BUSY * ms;

	while (rig_drivers(r)) {
		if (now_ms() > end)
			return false;
		nap_ms(5);
	}
	return true;
}

int rig_run(struct rig *r, char *text, size_t size, const char *fmt, ...)
{
	char command[1024], line[1500];
	va_list ap;
	size_t n;
	FILE *p;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "exec timeout 20 %s/supervisor/%s 2>&1", r->build, command);
	p = popen(line, "re");
	assert_non_null(p);
	n = fread(text, 1, size - 1, p);
	text[n] = '\0';
	status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- the control socket ------------------------------------------------------------ */

int rig_connect(struct rig *r)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", r->dir);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

char *rig_line(int fd, const char *text)
{
	char *line = malloc(1 << 20);
	size_t len = 0;

	if (text && send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		fail_msg("send: %s", strerror(errno));
	while (!len || line[len - 1] != '\n') {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) != 1)
			fail_msg("udrvd does not answer");
		n = recv(fd, line + len, 1, 0);
		if (n <= 0) {
			free(line);
			return NULL;
		}
		len++;
	}
	line[len - 1] = '\0';
	return line;
}

struct json_object *rig_ask(struct rig *r, const char *request)
{
	struct json_object *o;
	char text[512], *line;

	snprintf(text, sizeof(text), "%s\n", request);
	line = rig_line(r->fd, text);
	if (!line)
		rig_fail(r, "udrvd closed the connection");
	o = json_tokener_parse(line);
	if (!o)
		rig_fail(r, "not JSON: %s", line);
	free(line);
	return o;
}

bool rig_do(struct rig *r, const char *cmd, const char *name)
{
	struct json_object *o, *ok;
	char text[256];
	bool is_ok;

	snprintf(text, sizeof(text), "{\"cmd\":\"%s\",\"name\":\"%s\"}", cmd, name);
	o = rig_ask(r, text);
	is_ok = json_object_object_get_ex(o, "ok", &ok) && json_object_get_boolean(ok);
	json_object_put(o);
	return is_ok;
}

static struct json_object *device(struct rig *r, const char *name, struct json_object **all)
{
	struct json_object *devices;
	char text[256];

	snprintf(text, sizeof(text), "{\"cmd\":\"status\",\"name\":\"%s\"}", name);
	*all = rig_ask(r, text);
	if (!json_object_object_get_ex(*all, "devices", &devices))
		rig_fail(r, "no device %s: %s", name, json_object_to_json_string(*all));
	return json_object_array_get_idx(devices, 0);
}

const char *rig_text(struct rig *r, const char *name, const char *key)
{
	static char text[512];
	struct json_object *all, *d = device(r, name, &all), *v = NULL;

	json_object_object_get_ex(d, key, &v);
	snprintf(text, sizeof(text), "%s", v ? json_object_get_string(v) : "");
	json_object_put(all);
	return text;
}

int64_t rig_number(struct rig *r, const char *name, const char *key)
{
	struct json_object *all, *d = device(r, name, &all), *v = NULL;
	int64_t n;

	/* "recovery.count" is one level down. */
	if (strchr(key, '.')) {
		char outer[32];

		snprintf(outer, sizeof(outer), "%.*s", (int)strcspn(key, "."), key);
		json_object_object_get_ex(d, outer, &d);
		key = strchr(key, '.') + 1;
	}
	if (d)
		json_object_object_get_ex(d, key, &v);
	n = v ? json_object_get_int64(v) : 0;
	json_object_put(all);
	return n;
}

void rig_wait(struct rig *r, const char *name, const char *state, int ms)
{
	double end = now_ms() + BUSY * ms;

	while (strcmp(rig_text(r, name, "state"), state) != 0) {
		if (now_ms() > end)
			rig_fail(r, "%s is '%s' after %d ms, not '%s'", name,
				 rig_text(r, name, "state"), ms, state);
		nap_ms(2);
	}
}

void rig_wait_number(struct rig *r, const char *name, const char *key, int64_t at_least, int ms)
{
	double end = now_ms() + BUSY * ms;

	while (rig_number(r, name, key) < at_least) {
		if (now_ms() > end)
			rig_fail(r, "%s of %s is %lld after %d ms, not %lld", key, name,
				 (long long)rig_number(r, name, key), ms, (long long)at_least);
		nap_ms(2);
	}
}
