// SPDX-License-Identifier: MIT
/* loop.c - descriptors to watch and moments to wait for, in one thread. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

uint64_t udrvd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int udrvd_loop_init(struct udrvd_loop *loop)
{
	*loop = (struct udrvd_loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll < 0 ? -errno : 0;
}

void udrvd_loop_exit(struct udrvd_loop *loop)
{
	close(loop->epoll);
}

int udrvd_watch_add(struct udrvd_loop *loop, struct udrvd_watch *w, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, w->fd, &ev) ? -errno : 0;
}

void udrvd_watch_change(struct udrvd_loop *loop, struct udrvd_watch *w, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, w->fd, &ev);
}

void udrvd_watch_del(struct udrvd_loop *loop, struct udrvd_watch *w)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

void udrvd_timer_cancel(struct udrvd_loop *loop, struct udrvd_timer *t)
{
	struct udrvd_timer **at = &loop->timers;

	if (!t->armed)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->armed = false;
}

void udrvd_timer_arm(struct udrvd_loop *loop, struct udrvd_timer *t, uint64_t after_ns)
{
	struct udrvd_timer **at = &loop->timers;

	udrvd_timer_cancel(loop, t);
	t->at = udrvd_now() + after_ns;
	while (*at && (*at)->at <= t->at)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	t->armed = true;
}

/* Milliseconds until the nearest timer, rounded up so that it is due then. */
static int time_left(const struct udrvd_loop *loop)
{
	uint64_t now, ms;

	if (!loop->timers)
		return -1;
	now = udrvd_now();
	if (loop->timers->at <= now)
		return 0;
	ms = (loop->timers->at - now + 999999) / 1000000;
	return ms > 3600000 ? 3600000 : (int)ms;
}

/* Those due now; one that a timer arms meanwhile waits for the next turn, so
 * that descriptors get theirs. */
static void run_timers(struct udrvd_loop *loop)
{
	uint64_t now = udrvd_now();

	while (loop->timers && loop->timers->at <= now) {
		struct udrvd_timer *t = loop->timers;

		udrvd_timer_cancel(loop, t);
		t->fn(t);
	}
}

int udrvd_loop_run(struct udrvd_loop *loop)
{
	while (!loop->stopped) {
		struct epoll_event ev;
		/* One event a turn: what it makes of the other watches cannot
		 * be overtaken by an event that was fetched before.  The kernel
		 * hands them out in turn, so nobody starves. */
		int n = epoll_wait(loop->epoll, &ev, 1, time_left(loop));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct udrvd_watch *w = ev.data.ptr;

			w->fn(w, ev.events);
		}
		run_timers(loop);
	}
	return 0;
}
