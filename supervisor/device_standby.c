// SPDX-License-Identifier: MIT
/*
 * device_standby.c - a second process of the driver, which has done all that
 * can be done without the device, and takes over when the first one is dead.
 *
 * It holds one socket and nothing of the device: the descriptors come with the
 * go.  So it can neither disturb the first one nor keep the device busy.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "sendfds.h"
#include "udrvd.h"

static void note(struct udrvd_device *d, const char *text)
{
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_STANDBY, "pid %d %s",
			  d->standby.process.pid, text);
}

/* Its file was replaced, or the device has another driver now. */
static bool is_outdated(const struct udrvd_device *d)
{
	const struct udrvd_standby *s = &d->standby;
	struct stat now;

	return strcmp(s->path, udrvd_upgrade_path(d)) != 0 || stat(s->path, &now) ||
	       now.st_dev != s->file.st_dev || now.st_ino != s->file.st_ino ||
	       now.st_size != s->file.st_size ||
	       now.st_mtim.tv_sec != s->file.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != s->file.st_mtim.tv_nsec;
}

static void forget(struct udrvd_device *d)
{
	struct udrvd_standby *s = &d->standby;

	udrvd_guard_end(&s->guard);
	udrvd_watch_del(&d->udrvd->loop, &s->pidfd);
	udrvd_timer_cancel(&d->udrvd->loop, &s->timer);
	close(s->control);
	s->control = -1;
	s->waiting = false;
}

void udrvd_standby_end(struct udrvd_device *d)
{
	struct udrvd_standby *s = &d->standby;
	int status;

	udrvd_timer_cancel(&d->udrvd->loop, &s->timer);
	if (!s->process.pid)
		return;
	forget(d);
	kill(s->process.pid, SIGKILL);
	udrvd_reap(&s->process, &status, udrvd_knows, d->udrvd);
}

/* The next one comes later and later, so that a broken one costs little. */
static void try_later(struct udrvd_device *d)
{
	struct udrvd_standby *s = &d->standby;

	s->delay = s->delay ? s->delay * 2 : d->cfg->restart.backoff_min;
	if (s->delay > d->cfg->restart.backoff_max)
		s->delay = d->cfg->restart.backoff_max;
	udrvd_timer_arm(&d->udrvd->loop, &s->timer, s->delay);
}

static void give_up_on_it(struct udrvd_device *d, const char *why)
{
	note(d, why);
	udrvd_log(UDRV_WARN, d->cfg->name, "standby, pid %d, %s", d->standby.process.pid, why);
	udrvd_standby_end(d);
	if (d->upgrade.phase == UDRVD_UPGRADE_PREPARING)
		udrvd_upgrade_failed(d, why);
	else
		try_later(d);
}

static void standby_died(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_device *d = container_of(w, struct udrvd_device, standby.pidfd);
	char why[256] = "died";

	/* It may have said what it is. */
	udrvd_notify_receive(d);
	if (!d->standby.process.pid)
		return;
	udrvd_spawn_report(&d->standby.process, d->standby.path, why, sizeof(why));
	give_up_on_it(d, why);
}

/* Our copy of its end is closed whatever happens: its death has to be an end of
 * file for us, and ours for it. */
static int spawn(struct udrvd_device *d)
{
	struct udrvd_standby *s = &d->standby;
	struct udrvd_fd fd = { .name = "standby" };
	int ends[2], ret;

	strcpy(s->path, udrvd_upgrade_path(d));
	if (stat(s->path, &s->file) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	s->control = ends[0];
	fd.fd = ends[1];
	ret = udrvd_process_spawn(d, s->path, &fd, 1, &s->process);
	close(ends[1]);
	if (!ret) {
		s->pidfd = (struct udrvd_watch){ s->process.pidfd, standby_died };
		ret = udrvd_watch_add(&d->udrvd->loop, &s->pidfd, EPOLLIN);
		udrvd_guard_begin(&s->guard, d, &s->process);
		if (ret)
			udrvd_standby_end(d);
	} else {
		close(s->control);
	}
	return ret;
}

void udrvd_standby_start(struct udrvd_device *d)
{
	int ret = spawn(d);

	if (ret) {
		udrvd_log(UDRV_WARN, d->cfg->name, "a standby cannot be started: %s",
			  strerror(-ret));
		udrvd_upgrade_failed(d, strerror(-ret));
		try_later(d);
		return;
	}
	note(d, "started");
	udrvd_timer_arm(&d->udrvd->loop, &d->standby.timer, d->cfg->start_timeout);
}

static void timed_out(struct udrvd_timer *t)
{
	struct udrvd_device *d = container_of(t, struct udrvd_device, standby.timer);

	if (!d->standby.process.pid) {
		udrvd_standby_start(d);
		return;
	}
	/* We may be the slow one: is there a message that waits for us? */
	udrvd_notify_receive(d);
	if (!t->armed && d->standby.process.pid)
		give_up_on_it(d, "is silent");
}

void udrvd_standby_soon(struct udrvd_device *d)
{
	struct udrvd_standby *s = &d->standby;

	if (!d->cfg->standby || s->unknown || s->process.pid || s->timer.armed)
		return;
	udrvd_timer_arm(&d->udrvd->loop, &s->timer, d->cfg->restart.backoff_min);
}

void udrvd_standby_said(struct udrvd_device *d, const struct udrvd_message *m)
{
	struct udrvd_standby *s = &d->standby;

	if (m->ready && d->upgrade.phase == UDRVD_UPGRADE_PREPARING) {
		udrvd_upgrade_failed(d, "it does not know how to stand by");
		return;
	}
	if (m->ready) {
		/* Not one of libudrv's, or an old one: it has no device, but how
		 * it came to be ready is its own affair. */
		s->unknown = true;
		note(d, "does not know how to wait");
		udrvd_log(UDRV_INFO, d->cfg->name, "the driver does not know how to stand by: it is started when it is needed");
		udrvd_standby_end(d);
		return;
	}
	if (m->standby && !s->waiting) {
		s->waiting = true;
		s->delay = 0;
		strcpy(s->layout, m->layout);
		note(d, "is waiting");
		udrvd_upgrade_waiting(d);
	} else if (s->waiting && is_outdated(d)) {
		note(d, "is outdated");
		udrvd_standby_end(d);
		udrvd_standby_start(d);
		return;
	}
	if (!s->waiting)
		return;
	if (d->cfg->watchdog)
		udrvd_timer_arm(&d->udrvd->loop, &s->timer, d->cfg->watchdog);
	else
		udrvd_timer_cancel(&d->udrvd->loop, &s->timer);
}

/* All of it in one message: the names, and with them the descriptors. */
static int send_go(int control, const struct udrvd_fd *fds, unsigned int n)
{
	char names[320] = "";
	int list[UDRVD_FDS];
	size_t len = 0;

	for (unsigned int i = 0; i < n; i++) {
		list[i] = fds[i].fd;
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ":" : "",
					fds[i].name);
		if (len >= sizeof(names))
			return -E2BIG;
	}
	return udrvd_send_fds(control, names, len, list, n);
}

int udrvd_standby_go(struct udrvd_device *d, const struct udrvd_fd *fds, unsigned int n)
{
	struct udrvd_standby *s = &d->standby;

	if (!s->waiting)
		return -ENOENT;
	if (is_outdated(d) || send_go(s->control, fds, n)) {
		note(d, "cannot be used");
		udrvd_standby_end(d);
		return -ENOENT;
	}
	forget(d);
	d->process = s->process;
	strcpy(d->layout, s->layout);
	s->process = UDRVD_NO_PROCESS;
	return 0;
}

void udrvd_standby_init(struct udrvd_device *d)
{
	d->standby.process = UDRVD_NO_PROCESS;
	d->standby.control = -1;
	d->standby.timer.fn = timed_out;
}
