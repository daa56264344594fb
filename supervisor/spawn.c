// SPDX-License-Identifier: MIT
/*
 * spawn.c - a process that has its descriptors and nothing else.
 *
 * Between fork() and exec() the child calls async-signal-safe functions only,
 * works on memory prepared before, and reports a failure as (step, errno)
 * through a pipe that a successful exec closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */
#define ENV_MAX		64

enum step { STEP_FDS, STEP_LIMITS, STEP_PORTS, STEP_USER, STEP_CAPS, STEP_PARENT, STEP_CHDIR, STEP_EXEC };

struct report {
	int step, err;
};

/* Everything that needs memory or formatting, made by the parent. */
struct child {
	const struct udrvd_spawn *s;
	int report;
	int null;
	pid_t parent;
	char *env[ENV_MAX + 1];
	char listen_pid[32], listen_fds[32], listen_names[320];
};

__attribute__((noreturn))
static void give_up(const struct child *c, enum step step)
{
	struct report r = { (int)step, errno };

	/* If nobody reads it, the exit status must do. */
	if (write(c->report, &r, sizeof(r)) < 0)
		_exit(126);
	_exit(127);
}

/* 0: /dev/null, 1 and 2: our stderr, 3...: the list; the pipe behind them. */
static void set_fds(struct child *c)
{
	const unsigned int n = c->s->n_fds;
	int last = FIRST_FD + (int)n;
	int high[UDRVD_FDS];

	/* Out of the way first: sources and targets may overlap. */
	for (unsigned int i = 0; i < n; i++)
		if ((high[i] = fcntl(c->s->fds[i].fd, F_DUPFD_CLOEXEC, last + 1)) < 0)
			give_up(c, STEP_FDS);
	c->report = fcntl(c->report, F_DUPFD_CLOEXEC, last + 1);
	c->null = fcntl(c->null, F_DUPFD_CLOEXEC, last + 1);
	if (c->report < 0 || c->null < 0)
		_exit(126);
	for (unsigned int i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			give_up(c, STEP_FDS);
	if (dup2(c->null, 0) < 0 || dup2(2, 1) < 0 ||
	    dup3(c->report, last, O_CLOEXEC) < 0)
		give_up(c, STEP_FDS);
	c->report = last;
	if (close_range((unsigned int)last + 1, ~0u, 0))
		give_up(c, STEP_FDS);
}

static void set_limits(const struct child *c)
{
	struct rlimit lock = { c->s->memlock, c->s->memlock };
	/* A core dump would hold the descriptors until it is written. */
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none))
		give_up(c, STEP_LIMITS);
	if (c->s->memlock && setrlimit(RLIMIT_MEMLOCK, &lock))
		give_up(c, STEP_LIMITS);
}

/* While we may: the leave stays when the capability goes. */
static void set_ports(const struct child *c)
{
	errno = -udrv_host_ports_allow(&c->s->ports, true);
	if (errno)
		give_up(c, STEP_PORTS);
}

static void set_user(const struct child *c)
{
	const struct udrvd_spawn *s = c->s;

	if (!s->drop)
		return;
	/* The bounding set while we may; EINVAL: there are no more. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (errno != EINVAL)
		give_up(c, STEP_CAPS);
	if (setgroups(0, NULL) || setresgid(s->group, s->group, s->group) ||
	    setresuid(s->user, s->user, s->user))
		give_up(c, STEP_USER);
}

static void drop_caps(const struct child *c)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		give_up(c, STEP_CAPS);
}

static void put_number(char *at, unsigned int n)
{
	char digits[12];
	int i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		*at++ = digits[--i];
	*at = '\0';
}

__attribute__((noreturn))
static void run_child(struct child *c)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	umask(077);
	set_fds(c);
	set_limits(c);
	set_ports(c);
	set_user(c);
	drop_caps(c);
	/* Changing the user clears it, so it comes after that; then our parent
	 * may be dead already. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != c->parent)
		give_up(c, STEP_PARENT);
	if (chdir("/"))
		give_up(c, STEP_CHDIR);
	put_number(c->listen_pid + strlen("LISTEN_PID="), (unsigned int)getpid());
	execve(c->s->path, c->s->argv, c->env);
	give_up(c, STEP_EXEC);
}

static int make_env(struct child *c)
{
	const struct udrvd_spawn *s = c->s;
	unsigned int n = 0;
	size_t at;

	for (; s->env[n]; n++) {
		if (n == ENV_MAX - 3)
			return -E2BIG;
		c->env[n] = s->env[n];
	}
	strcpy(c->listen_pid, "LISTEN_PID=");
	snprintf(c->listen_fds, sizeof(c->listen_fds), "LISTEN_FDS=%u", s->n_fds);
	at = (size_t)sprintf(c->listen_names, "LISTEN_FDNAMES=");
	for (unsigned int i = 0; i < s->n_fds; i++)
		at += (size_t)snprintf(c->listen_names + at, sizeof(c->listen_names) - at, "%s%s",
				       i ? ":" : "", s->fds[i].name);
	c->env[n++] = c->listen_pid;
	c->env[n++] = c->listen_fds;
	c->env[n++] = c->listen_names;
	return 0;
}

static int do_fork(struct child *c, struct udrvd_process *p)
{
	p->pid = fork();
	if (p->pid < 0)
		return -errno;
	if (p->pid == 0)
		run_child(c);
	/* Nobody but us reaps it, so the pid is its own until then. */
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd < 0) {
		int err = -errno;

		kill(p->pid, SIGKILL);
		return err;
	}
	return 0;
}

int udrvd_spawn(const struct udrvd_spawn *s, struct udrvd_process *p)
{
	struct child c = { .s = s, .parent = getpid() };
	int pipe_fds[2], ret;

	if (s->n_fds > UDRVD_FDS)
		return -E2BIG;
	ret = make_env(&c);
	if (ret)
		return ret;
	c.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (c.null < 0)
		return -errno;
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK)) {
		ret = -errno;
		close(c.null);
		return ret;
	}
	c.report = pipe_fds[1];
	p->report = pipe_fds[0];
	ret = do_fork(&c, p);
	close(c.null);
	close(pipe_fds[1]);
	if (ret)
		close(pipe_fds[0]);
	return ret;
}

int udrvd_spawn_report(int report, const char *path, char *text, size_t size)
{
	static const char *const what[] = {
		[STEP_FDS] = "its descriptors cannot be set up",
		[STEP_LIMITS] = "memlock= is more than we may give (run udrvd as root, or raise LimitMEMLOCK=)",
		[STEP_PORTS] = "it cannot be given its device's I/O ports (UDRV_PORTS=none in udrvd's environment does without)",
		[STEP_USER] = "its user cannot be set (user=, group=)",
		[STEP_CAPS] = "its capabilities cannot be dropped",
		[STEP_PARENT] = "it cannot be tied to udrvd's life",
		[STEP_CHDIR] = "chdir /",
	};
	struct report r;

	if (read(report, &r, sizeof(r)) != sizeof(r) || r.step < 0 || r.step > STEP_EXEC)
		return 0;
	if (r.step == STEP_EXEC)
		snprintf(text, size, "driver=%s: %s", path, strerror(r.err));
	else
		snprintf(text, size, "%s: %s", what[r.step], strerror(r.err));
	return -r.err;
}
