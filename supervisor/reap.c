// SPDX-License-Identifier: MIT
/* reap.c - end a dead driver's descendants, wherever they hide. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"

/* SIGKILL takes effect when the victim is next scheduled; longer than this
 * means a victim stuck in the kernel, which we cannot help. */
#define TRIES		200
#define PAUSE_NS	1000000		/* 1 ms */

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, PAUSE_NS }, NULL);
}

/* Not for ever: what a debugger has attached to is, once it is dead, seen by that one
 * only until it lets go; and what is stuck in the kernel does not die. */
static int reap_leader(pid_t pid, int *status)
{
	for (int i = 0; i < TRIES; i++) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got < 0)
			*status = 0;
		if (got)
			return 0;
		nap();
	}
	*status = SIGKILL;		/* which it has got, here or from our caller */
	return -ETIMEDOUT;
}

/* Members of the session, which became our children when their parents died. */
static int reap_group(pid_t group, int *found)
{
	siginfo_t info;

	for (int i = 0; i < TRIES; i++) {
		info.si_pid = 0;
		if (waitid(P_PGID, (id_t)group, &info, WEXITED | WNOHANG))
			return 0;		/* ECHILD: no more of them */
		if (info.si_pid)
			++*found;
		else
			nap();
	}
	return -ETIMEDOUT;
}

/* Our children, as text; needs CONFIG_PROC_CHILDREN, which distributions set.
 * Without it only the session is known. */
static size_t children(char *text, size_t size)
{
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (size_t)n;
}

/* Kills all children that are nobody's driver; returns how many are left. */
static int kill_strays(bool (*known)(pid_t pid, void *arg), void *arg, int *found)
{
	char text[4096], *at = text;
	int left = 0;

	if (!children(text, sizeof(text)))
		return 0;
	for (;;) {
		pid_t pid = (pid_t)strtol(at, &at, 10);

		if (pid <= 0)
			return left;
		if (*at != ' ')			/* cut in the middle of a number */
			return left + 1;
		if (known(pid, arg))
			continue;
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			++*found;
		else
			left++;
	}
}

static int wait_for_strays(bool (*known)(pid_t pid, void *arg), void *arg, int *found)
{
	for (int i = 0; i < TRIES; i++) {
		int before = *found;

		if (!kill_strays(known, arg, found) && *found == before)
			return 0;
		if (*found == before)
			nap();
	}
	return -ETIMEDOUT;
}

void udrvd_reap_strays(bool (*known)(pid_t pid, void *arg), void *arg)
{
	int found = 0;

	kill_strays(known, arg, &found);
}

int udrvd_reap(struct udrvd_process *p, int *status, bool (*known)(pid_t pid, void *arg),
	       void *arg)
{
	pid_t group = p->pid;
	int found = 0, ret;

	/* Before its leader is reaped, so that the number is still its own.  It
	 * may have died before setsid(): then there is no such group. */
	kill(-group, SIGKILL);
	ret = reap_leader(group, status);
	close(p->pidfd);
	close(p->report);
	if (p->said >= 0)
		close(p->said);
	if (p->listener >= 0)
		close(p->listener);
	*p = UDRVD_NO_PROCESS;
	if (ret) {
		/* Waiting for all the others would be in vain, it is one of them:
		 * they are killed, and reaped when we hear of their deaths. */
		udrvd_reap_strays(known, arg);
		return ret;
	}
	ret = reap_group(group, &found);
	if (!ret)
		ret = wait_for_strays(known, arg, &found);
	return ret ? ret : found;
}
