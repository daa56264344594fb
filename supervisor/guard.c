// SPDX-License-Identifier: MIT
/* guard.c - watches a process: what it writes, and whether it makes a system call
 * that is not allowed, for which it is killed, or that is made for it. */
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "device.h"
#include "filter.h"
#include "log.h"
#include "ring.h"
#include "udrvd.h"

static void called(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_guard *g = container_of(w, struct udrvd_guard, listener);
	struct udrvd_device *d = g->d;
	char text[sizeof(d->why)];
	struct seccomp_notif n;

	/* It is dead already, or a signal came: then it tries again. */
	if (udrvd_filter_receive(w->fd, &n)) {
		if (events & EPOLLHUP)
			udrvd_watch_del(&d->udrvd->loop, w);
		return;
	}
	if (udrvd_filter_wants_ring(&n)) {
		if (d->cfg->disk)
			udrvd_ring_pass(w->fd, &n);
		else
			udrvd_ring_answer(w->fd, &n, &g->rings);
		return;
	}
	udrvd_filter_describe(&n, text, sizeof(text));
	if (g == &d->guard) {
		memcpy(d->why, text, sizeof(text));
		udrvd_device_event(d, UDRVD_EV_KILL);
		return;
	}
	udrvd_log(UDRV_WARN, d->cfg->name, "standby, pid %d: %s", g->p->pid, text);
	kill(g->p->pid, SIGKILL);
}

static void watch_listener(struct udrvd_guard *g)
{
	g->listener = (struct udrvd_watch){ g->p->listener, called };
	/* Unwatched, a forbidden call hangs until the watchdog ends it. */
	if (udrvd_watch_add(&g->d->udrvd->loop, &g->listener, EPOLLIN))
		g->listener.fd = -1;
}

static void reported(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_guard *g = container_of(w, struct udrvd_guard, report);

	udrvd_spawn_listen(g->p);
	if (g->p->listener >= 0 && g->listener.fd < 0)
		watch_listener(g);
	if (events & EPOLLHUP) {		/* executed, or dead */
		udrvd_watch_del(&g->d->udrvd->loop, w);
		w->fd = -1;
	}
}

void udrvd_guard_begin(struct udrvd_guard *g, struct udrvd_device *d, struct udrvd_process *p)
{
	*g = (struct udrvd_guard){
		.d = d, .p = p,
		.report = { p->report, reported }, .listener = { -1, called },
	};
	if (udrvd_watch_add(&d->udrvd->loop, &g->report, EPOLLIN))
		g->report.fd = -1;
	if (p->listener >= 0)
		watch_listener(g);
	udrvd_said_begin(&g->said, d, p->said);
}

void udrvd_guard_end(struct udrvd_guard *g)
{
	if (!g->d)
		return;
	if (g->report.fd >= 0)
		udrvd_watch_del(&g->d->udrvd->loop, &g->report);
	if (g->listener.fd >= 0)
		udrvd_watch_del(&g->d->udrvd->loop, &g->listener);
	udrvd_said_end(&g->said);
	g->d = NULL;
}
