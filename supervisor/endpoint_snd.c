// SPDX-License-Identifier: MIT
/*
 * endpoint_snd.c - two streams: the rings that the chip reads and writes, and
 * the socket on which applications get them.
 *
 * One application has a stream at a time, as with any sound card without a
 * mixer; PipeWire is for more.  Nothing here waits for an application: what it
 * asks for is in its first message or it is not served.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "memory.h"
#include "udrvd.h"

/* Connections at once.  Whoever has no stream makes room for the next. */
#define CLIENTS		16
/* An application says what it wants at once. */
#define PATIENCE	1000000000ull

enum { OURS, DRIVERS };			/* ends of a bell; the application has ours too */

struct sound_client {
	struct udrvd_watch watch;	/* fd -1: the place is free */
	struct udrvd_timer timer;	/* until it has a stream */
	struct udrvd_sound *sound;
	struct sound_stream *stream;	/* its own; NULL: none yet */
	uint64_t since;
	pid_t pid;
};

struct udrvd_sound {
	struct udrvd_device *d;
	struct udrvd_watch listener;
	struct sound_stream {
		int memory;
		int bell[2];
		struct sound_client *client;	/* who has it; NULL: nobody */
	} stream[UDRV_SND_DIRS];
	struct sound_client client[CLIENTS];
};

static const char *const names[UDRV_SND_DIRS][2] = {
	[UDRV_SND_PLAYBACK] = { "playback", "playback-bell" },
	[UDRV_SND_CAPTURE] = { "capture", "capture-bell" },
};

static struct udrvd_loop *loop_of(struct udrvd_sound *s)
{
	return &s->d->udrvd->loop;
}

/* ---- streams ----------------------------------------------------------------- */

/* By write(), not through a mapping: an application that takes pages out of the
 * file cannot make this fail in a way that kills us. */
static void wipe(const struct sound_stream *st, uint64_t from, uint64_t to)
{
	static const char zeros[65536];

	while (from < to) {
		uint64_t n = to - from < sizeof(zeros) ? to - from : sizeof(zeros);
		ssize_t done = pwrite(st->memory, zeros, n, (off_t)from);

		if (done <= 0)
			return;
		from += (uint64_t)done;
	}
}

/* Nobody wants anything of the stream any more: the driver stops the engine.
 * What it still plays until then is silence, and the next application hears
 * nothing of this one. */
static void silence(struct udrvd_sound *s, struct sound_stream *st)
{
	uint64_t app = offsetof(struct udrv_snd_page, app);

	wipe(st, app, app + sizeof(struct udrv_snd_app));
	wipe(st, UDRV_SND_PAGE_SIZE, UDRV_SND_PAGE_SIZE + s->d->cfg->ring);
	(void)send(st->bell[OURS], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void unmake(struct sound_stream *st)
{
	for (int end = OURS; end <= DRIVERS; end++)
		if (st->bell[end] >= 0)
			close(st->bell[end]);
	if (st->memory >= 0)
		close(st->memory);
	st->memory = st->bell[OURS] = st->bell[DRIVERS] = -1;
}

static int make(struct sound_stream *st, const char *name, uint64_t ring)
{
	st->bell[OURS] = st->bell[DRIVERS] = -1;
	st->memory = udrvd_memfd(name, UDRV_SND_PAGE_SIZE + ring);
	if (st->memory < 0)
		return st->memory;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, st->bell) ? -errno : 0;
}

/* ---- applications --------------------------------------------------------------- */

static void drop(struct sound_client *cl)
{
	struct udrvd_sound *s = cl->sound;

	if (cl->stream) {
		udrvd_log(UDRV_INFO, s->d->cfg->name, "%s: pid %d has left",
			  names[cl->stream - s->stream][0], cl->pid);
		cl->stream->client = NULL;
		silence(s, cl->stream);
		cl->stream = NULL;
	}
	udrvd_timer_cancel(loop_of(s), &cl->timer);
	udrvd_watch_del(loop_of(s), &cl->watch);
	close(cl->watch.fd);
	cl->watch.fd = -1;
}

static void too_late(struct udrvd_timer *t)
{
	drop(container_of(t, struct sound_client, timer));
}

/* fds: memory and bell, or NULL. */
static int answer(int to, int error, const int *fds)
{
	struct udrv_snd_answer text = { UDRV_SND_MAGIC, error };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &text, sizeof(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* false: it is not to be served. */
static bool give(struct sound_client *cl, const struct udrv_snd_request *r)
{
	struct udrvd_sound *s = cl->sound;
	struct sound_stream *st;
	char c;

	if (r->magic != UDRV_SND_MAGIC || r->dir >= UDRV_SND_DIRS) {
		answer(cl->watch.fd, -EPROTO, NULL);
		return false;
	}
	st = &s->stream[r->dir];
	if (s->d->state == UDRVD_OFF || s->d->state == UDRVD_HELD) {
		answer(cl->watch.fd, -ENODEV, NULL);
		return false;
	}
	/* Whoever had it may just have closed; we have not heard of it yet. */
	if (st->client && recv(st->client->watch.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		drop(st->client);
	if (st->client) {
		answer(cl->watch.fd, -EBUSY, NULL);
		return false;
	}
	if (answer(cl->watch.fd, 0, (int[]){ st->memory, st->bell[OURS] }))
		return false;
	udrvd_timer_cancel(loop_of(s), &cl->timer);
	cl->stream = st;
	st->client = cl;
	udrvd_log(UDRV_INFO, s->d->cfg->name, "%s: pid %d has it", names[r->dir][0], cl->pid);
	return true;
}

static void client_event(struct udrvd_watch *w, unsigned int events)
{
	struct sound_client *cl = container_of(w, struct sound_client, watch);
	struct udrv_snd_request r;
	ssize_t n = recv(w->fd, &r, sizeof(r), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* One who has a stream has nothing more to say. */
	if (n != sizeof(r) || cl->stream || !give(cl, &r))
		drop(cl);
}

/* A place: a free one, or that of who has waited longest without a stream. */
static struct sound_client *place(struct udrvd_sound *s)
{
	struct sound_client *found = NULL;

	for (int i = 0; i < CLIENTS; i++) {
		struct sound_client *cl = &s->client[i];

		if (cl->watch.fd < 0)
			return cl;
		if (!cl->stream && (!found || cl->since < found->since))
			found = cl;
	}
	if (found)
		drop(found);
	return found;
}

static void accept_client(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_sound *s = container_of(w, struct udrvd_sound, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	struct sound_client *cl;

	if (fd < 0)
		return;
	cl = place(s);
	cl->watch = (struct udrvd_watch){ fd, client_event };
	cl->timer.fn = too_late;
	cl->sound = s;
	cl->since = udrvd_now();
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	cl->pid = peer.pid;
	if (udrvd_watch_add(loop_of(s), &cl->watch, EPOLLIN)) {
		close(fd);
		cl->watch.fd = -1;
		return;
	}
	udrvd_timer_arm(loop_of(s), &cl->timer, PATIENCE);
	/* Mostly it is here already: no crowd comes between. */
	client_event(&cl->watch, EPOLLIN);
}

/* ---- the endpoint ----------------------------------------------------------------- */

static int listen_at(struct udrvd_sound *s, const struct udrvd_config *cfg)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int ret;

	s->listener = (struct udrvd_watch){
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), accept_client
	};
	if (s->listener.fd < 0)
		return -errno;
	strcpy(addr.sun_path, cfg->snd_socket);
	unlink(addr.sun_path);		/* of an udrvd that was killed */
	mask = umask(0777);		/* for nobody, until its group is set */
	ret = bind(s->listener.fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!ret && s->d->udrvd->root && chown(addr.sun_path, 0, cfg->snd_group))
		ret = -errno;
	if (!ret && (chmod(addr.sun_path, cfg->snd_mode) || listen(s->listener.fd, CLIENTS)))
		ret = -errno;
	return ret ? ret : udrvd_watch_add(loop_of(s), &s->listener, EPOLLIN);
}

static void snd_close(struct udrvd_endpoint *e)
{
	struct udrvd_sound *s = e->sound;

	for (int i = 0; i < CLIENTS; i++)
		if (s->client[i].watch.fd >= 0)
			drop(&s->client[i]);
	if (s->listener.fd >= 0) {
		udrvd_watch_del(loop_of(s), &s->listener);
		close(s->listener.fd);
		unlink(e->cfg->snd_socket);
	}
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++)
		unmake(&s->stream[dir]);
	free(s);
	e->sound = NULL;
}

static int snd_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	struct udrvd_sound *s = calloc(1, sizeof(*s));
	int ret = 0;

	if (!s) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -ENOMEM;
	}
	e->sound = s;
	s->d = container_of(e, struct udrvd_device, endpoint);
	s->listener.fd = -1;
	for (int i = 0; i < CLIENTS; i++)
		s->client[i].watch.fd = -1;
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		int made = make(&s->stream[dir], names[dir][0], e->cfg->ring);

		ret = ret ? ret : made;
	}
	if (!ret)
		ret = listen_at(s, e->cfg);
	if (ret) {
		snprintf(err->text, sizeof(err->text), "[sound] socket=%s: %s", e->cfg->snd_socket,
			 strerror(-ret));
		snd_close(e);
	}
	return ret;
}

static unsigned int snd_fds(struct udrvd_endpoint *e, struct udrvd_fd *fds)
{
	unsigned int n = 0;

	for (int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		const struct sound_stream *st = &e->sound->stream[dir];

		fds[n++] = (struct udrvd_fd){ st->memory, names[dir][0] };
		fds[n++] = (struct udrvd_fd){ st->bell[DRIVERS], names[dir][1] };
	}
	return n;
}

static int snd_hold(struct udrvd_endpoint *e, char *text, size_t size)
{
	snprintf(text, size, "streams go on");
	return 0;
}

/* Applications get to know that the device is gone: the other end of their bell
 * closes.  The next driver starts with memory that nobody else has. */
static int snd_down(struct udrvd_endpoint *e, char *text, size_t size)
{
	struct udrvd_sound *s = e->sound;
	int ret = 0;

	for (int i = 0; i < CLIENTS; i++)
		if (s->client[i].watch.fd >= 0)
			drop(&s->client[i]);
	for (int dir = 0; dir < UDRV_SND_DIRS && !ret; dir++) {
		unmake(&s->stream[dir]);
		ret = make(&s->stream[dir], names[dir][0], e->cfg->ring);
	}
	snprintf(text, size, ret ? "no new memory: %s" : "streams are closed", strerror(-ret));
	return ret;
}

static void snd_name(const struct udrvd_endpoint *e, char *text, size_t size)
{
	snprintf(text, size, "%s", e->cfg->snd_socket);
}

const struct udrvd_endpoint_ops udrvd_endpoint_snd = {
	.type = "snd",
	.plays_on = true,
	.open = snd_open,
	.fds = snd_fds,
	.hold = snd_hold,
	.down = snd_down,
	.name = snd_name,
	.close = snd_close,
};
