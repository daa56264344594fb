// SPDX-License-Identifier: MIT
/*
 * escalate.c - the program that is run when a device is given up ([held] in
 * its configuration): to call a person, to fail over, to boot anew.
 *
 * It is the administrator's own, so it is root with all of root's rights unless
 * user= says otherwise.  It has a time limit, and nothing of it outlives that.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

/* The environment of the program, prepared before fork(). */
struct env {
	char text[5][600];
	char *ptr[7];
};

static void make_env(const struct udrvd_device *d, struct env *e)
{
	snprintf(e->text[0], sizeof(e->text[0]), "UDRV_NAME=%s", d->cfg->name);
	snprintf(e->text[1], sizeof(e->text[1]), "UDRV_DEVICE=%s", d->cfg->bdf);
	snprintf(e->text[2], sizeof(e->text[2]), "UDRV_DRIVER=%s", d->driver);
	snprintf(e->text[3], sizeof(e->text[3]), "UDRV_CAUSE=%s", d->cause);
	snprintf(e->text[4], sizeof(e->text[4]), "UDRV_DEATHS=%u", d->deaths);
	for (int i = 0; i < 5; i++)
		e->ptr[i] = e->text[i];
	e->ptr[5] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	e->ptr[6] = NULL;
}

/* In the child, which calls async-signal-safe functions only. */
__attribute__((noreturn))
static void run(const struct udrvd_device *d, pid_t parent, char *const *env)
{
	char *const argv[] = { (char *)d->cfg->held_command, (char *)d->cfg->name, NULL };
	uid_t user = d->cfg->held_user;
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0 || close_range(3, ~0u, 0) ||
	    chdir("/"))
		_exit(126);
	if (user && d->udrvd->root &&
	    (setgroups(0, NULL) ||
	     setresgid(d->cfg->held_group, d->cfg->held_group, d->cfg->held_group) ||
	     setresuid(user, user, user) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		_exit(126);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	execve(argv[0], argv, env);
	_exit(127);
}

static void ended(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_device *d = container_of(w, struct udrvd_device, escalation.pidfd);
	struct udrvd_escalation *e = &d->escalation;
	char text[64] = "ended well";
	int status;

	udrvd_watch_del(&d->udrvd->loop, w);
	udrvd_timer_cancel(&d->udrvd->loop, &e->timer);
	udrvd_reap(&e->process, &status, udrvd_knows, d->udrvd);
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "ended by signal %d%s", WTERMSIG(status),
			 e->killed ? ": its time was up" : "");
	else if (status)
		snprintf(text, sizeof(text), "ended with status %d%s", WEXITSTATUS(status),
			 WEXITSTATUS(status) == 127 ? ": it cannot be executed" : "");
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_COMMAND, "%.60s %s",
			  d->cfg->held_command, text);
	udrvd_log(status ? UDRV_WARN : UDRV_INFO, d->cfg->name, "%s %s", d->cfg->held_command,
		  text);
}

static void timed_out(struct udrvd_timer *t)
{
	struct udrvd_device *d = container_of(t, struct udrvd_device, escalation.timer);

	d->escalation.killed = true;
	pidfd_send_signal(d->escalation.process.pidfd, SIGKILL, NULL, 0);
}

static int start(struct udrvd_device *d)
{
	struct udrvd_escalation *e = &d->escalation;
	pid_t parent = getpid();
	struct env env;

	make_env(d, &env);
	e->process = UDRVD_NO_PROCESS;
	e->process.pid = fork();
	if (e->process.pid == 0)
		run(d, parent, env.ptr);
	if (e->process.pid < 0) {
		e->process.pid = 0;
		return -errno;
	}
	e->process.pidfd = pidfd_open(e->process.pid, 0);
	e->pidfd = (struct udrvd_watch){ e->process.pidfd, ended };
	if (e->process.pidfd < 0 || udrvd_watch_add(&d->udrvd->loop, &e->pidfd, EPOLLIN)) {
		int ret = -errno, status;

		kill(e->process.pid, SIGKILL);
		udrvd_reap(&e->process, &status, udrvd_knows, d->udrvd);
		return ret;
	}
	return 0;
}

void udrvd_escalate(struct udrvd_device *d)
{
	struct udrvd_escalation *e = &d->escalation;
	int ret;

	if (!d->cfg->held_command[0])
		return;
	if (e->process.pid) {
		udrvd_log(UDRV_WARN, d->cfg->name, "%s still runs from the last time",
			  d->cfg->held_command);
		return;
	}
	e->killed = false;
	e->timer.fn = timed_out;
	ret = start(d);
	if (ret)
		udrvd_log(UDRV_ERR, d->cfg->name, "%s cannot be run: %s", d->cfg->held_command,
			  strerror(-ret));
	else
		udrvd_timer_arm(&d->udrvd->loop, &e->timer, d->cfg->held_timeout);
}

void udrvd_escalate_end(struct udrvd_device *d)
{
	struct udrvd_escalation *e = &d->escalation;
	int status;

	if (!e->process.pid)
		return;
	udrvd_watch_del(&d->udrvd->loop, &e->pidfd);
	udrvd_timer_cancel(&d->udrvd->loop, &e->timer);
	kill(e->process.pid, SIGKILL);
	udrvd_reap(&e->process, &status, udrvd_knows, d->udrvd);
}
