// SPDX-License-Identifier: MIT
/*
 * said.c - what a confined driver writes to its standard output and error.
 *
 * It comes through a pipe, so that a driver that floods it fills nobody's disk:
 * so much a second is passed on, and the rest is lost to the driver, whose end
 * of the pipe never blocks.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

#define PER_SECOND	65536
#define SEC		1000000000ull

/* Letters only: it may be shown on a terminal. */
static void pass_on(char *text, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++)
		if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == '\177')
			text[i] = '?';
	udrvd_log_write(text, (size_t)len);
}

/* false: there is nothing more, or no more is passed on for now. */
static bool take(struct udrvd_said *s)
{
	char text[PIPE_BUF];
	ssize_t n = s->used < PER_SECOND ? read(s->watch.fd, text, sizeof(text)) : 0;

	if (n <= 0)
		return false;
	s->used += (unsigned int)n;
	pass_on(text, n);
	return true;
}

static void refill(struct udrvd_timer *t)
{
	struct udrvd_said *s = container_of(t, struct udrvd_said, timer);

	s->used = 0;
	if (s->watch.fd >= 0 && udrvd_watch_add(&s->d->udrvd->loop, &s->watch, EPOLLIN))
		s->watch.fd = -1;
}

/* Full: not looked at until the second is over. */
static void readable(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_said *s = container_of(w, struct udrvd_said, watch);
	uint64_t now = udrvd_now();

	if (now - s->since >= SEC) {
		s->since = now;
		s->used = 0;
	}
	if (take(s))
		return;
	udrvd_watch_del(&s->d->udrvd->loop, w);
	if (s->used < PER_SECOND) {		/* nobody can write any more */
		w->fd = -1;
		return;
	}
	if (!s->told)
		udrvd_log(UDRV_WARN, s->d->cfg->name, "the driver writes more than %d KiB a second; the rest of it is lost (no more of these lines for this process)",
			  PER_SECOND / 1024);
	s->told = true;
	s->since = now;
	udrvd_timer_arm(&s->d->udrvd->loop, &s->timer, SEC);
}

int udrvd_said_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

void udrvd_said_begin(struct udrvd_said *s, struct udrvd_device *d, int fd)
{
	*s = (struct udrvd_said){
		.d = d, .watch = { fd, readable }, .timer.fn = refill, .since = udrvd_now(),
	};
	if (fd >= 0 && udrvd_watch_add(&d->udrvd->loop, &s->watch, EPOLLIN))
		s->watch.fd = -1;
}

void udrvd_said_end(struct udrvd_said *s)
{
	if (s->watch.fd < 0)
		return;
	if (!s->timer.armed)
		udrvd_watch_del(&s->d->udrvd->loop, &s->watch);
	udrvd_timer_cancel(&s->d->udrvd->loop, &s->timer);
	/* Its last words; bounded, because it is dead or about to be. */
	while (take(s))
		;
	s->watch.fd = -1;
}
