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
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell.h"
#include "filter.h"
#include "spawn.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */
#define ENV_MAX		64

#define MAX_FDS		256	/* open files: far more than any driver needs */

/* 0 is no step; the last but one is none that fails. */
enum step {
	STEP_CELL = 1, STEP_FDS, STEP_LIMITS, STEP_PORTS, STEP_USER, STEP_CAPS, STEP_PARENT, STEP_CHDIR,
	STEP_FILTER, STEP_EXEC, STEP_FILTERED
};

/* A message on the report socket; STEP_FILTERED brings the filter's listener. */
struct report {
	int step, err;
};

/* Everything that needs memory or formatting, made by the parent. */
struct child {
	const struct udrvd_spawn *s;
	int report;
	int null;
	int output;
	pid_t parent;
	struct udrvd_filter filter;
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

/* 0: /dev/null, 1 and 2: its output, 3...: the list; the pipe behind them. */
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
	c->output = c->output < 0 ? 2 : fcntl(c->output, F_DUPFD_CLOEXEC, last + 1);
	if (c->report < 0 || c->null < 0 || c->output < 0)
		_exit(126);
	for (unsigned int i = 0; i < n; i++)
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			give_up(c, STEP_FDS);
	if (dup2(c->null, 0) < 0 || dup2(c->output, 1) < 0 || dup2(c->output, 2) < 0 ||
	    dup3(c->report, last, O_CLOEXEC) < 0)
		give_up(c, STEP_FDS);
	c->report = last;
	if (close_range((unsigned int)last + 1, ~0u, 0))
		give_up(c, STEP_FDS);
}

/* First of all: it needs what will be dropped. */
static void enter_cell(const struct child *c)
{
	errno = -c->s->cell_error;
	if (errno || (c->s->cell && udrvd_cell_enter(c->s->cell)))
		give_up(c, STEP_CELL);
}

static void limit(const struct child *c, __rlimit_resource_t what, uint64_t max)
{
	struct rlimit r = { max, max };

	if (setrlimit(what, &r))
		give_up(c, STEP_LIMITS);
}

static void set_limits(const struct child *c)
{
	const struct udrvd_spawn *s = c->s;
	struct rlimit core;

	/* A core dump holds the descriptors until it is written. */
	if (getrlimit(RLIMIT_CORE, &core))
		give_up(c, STEP_LIMITS);
	limit(c, RLIMIT_CORE, s->core ? core.rlim_max : 0);
	if (s->memlock)
		limit(c, RLIMIT_MEMLOCK, s->memlock);
	if (!s->filter)
		return;
	limit(c, RLIMIT_NOFILE, MAX_FDS);
	/* Processes are counted for each user, and without root we are the user. */
	if (s->drop)
		limit(c, RLIMIT_NPROC, UDRVD_MAX_TASKS);
	if (s->memory)
		limit(c, RLIMIT_AS, s->memory);
	if (s->file_size)
		limit(c, RLIMIT_FSIZE, s->file_size);
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

static void send_listener(const struct child *c, int fd)
{
	struct report r = { STEP_FILTERED, 0 };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	if (sendmsg(c->report, &msg, MSG_NOSIGNAL) < 0)
		give_up(c, STEP_FILTER);
}

/* What the kernel opens for us is close-on-exec. */
static void set_filter(struct child *c)
{
	int listener;

	if (!c->s->filter)
		return;
	c->filter = *c->s->filter;
	listener = udrvd_filter_install(&c->filter);
	if (listener < 0)
		give_up(c, STEP_FILTER);
	send_listener(c, listener);
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
	enter_cell(c);
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
	set_filter(c);
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

/* fork() into a control group.  Moving a process there later would wait for all
 * processors, which takes longer than all the rest of a start. */
static pid_t fork_into(int cgroup)
{
	struct clone_args args = {
		.flags = cgroup < 0 ? 0 : CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
		.cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int do_fork(struct child *c, struct udrvd_process *p)
{
	p->pid = fork_into(c->s->cgroup);
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
	struct child c = { .s = s, .parent = getpid(), .output = s->output };
	int report[2], ret;

	*p = UDRVD_NO_PROCESS;
	if (s->n_fds > UDRVD_FDS)
		return -E2BIG;
	ret = make_env(&c);
	if (ret)
		return ret;
	c.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (c.null < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, report)) {
		ret = -errno;
		close(c.null);
		return ret;
	}
	c.report = report[1];
	p->report = report[0];
	ret = do_fork(&c, p);
	close(c.null);
	close(report[1]);
	if (ret)
		close(report[0]);
	return ret;
}

void udrvd_spawn_listen(struct udrvd_process *p)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct report r;
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr msg;

	for (;;) {
		struct cmsghdr *h;

		msg = (struct msghdr){
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = &control, .msg_controllen = sizeof(control),
		};
		if (recvmsg(p->report, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != sizeof(r))
			return;
		h = CMSG_FIRSTHDR(&msg);
		if (r.step == STEP_FILTERED && h && h->cmsg_type == SCM_RIGHTS && p->listener < 0)
			memcpy(&p->listener, CMSG_DATA(h), sizeof(int));
		else if (r.step >= STEP_CELL && r.step <= STEP_EXEC) {
			p->failed_step = r.step;
			p->failed_errno = r.err;
		}
	}
}

int udrvd_spawn_report(struct udrvd_process *p, const char *path, char *text, size_t size)
{
	static const char *const what[] = {
		[STEP_FDS] = "its descriptors cannot be set up",
		[STEP_LIMITS] = "memlock= is more than we may give (run udrvd as root, or raise LimitMEMLOCK=)",
		[STEP_PORTS] = "it cannot be given its device's I/O ports (UDRV_PORTS=none in udrvd's environment does without)",
		[STEP_USER] = "its user cannot be set (user=, group=)",
		[STEP_CAPS] = "its capabilities cannot be dropped",
		[STEP_PARENT] = "it cannot be tied to udrvd's life",
		[STEP_CHDIR] = "chdir /",
		[STEP_FILTER] = "its system calls cannot be filtered (confine=no does without)",
	};

	udrvd_spawn_listen(p);
	if (!p->failed_step)
		return 0;
	if (p->failed_step == STEP_EXEC || p->failed_step == STEP_CELL)
		snprintf(text, size, "driver=%s: %s", path, strerror(p->failed_errno));
	else
		snprintf(text, size, "%s: %s", what[p->failed_step], strerror(p->failed_errno));
	return -p->failed_errno;
}
