// SPDX-License-Identifier: MIT
/*
 * news.c - what the supervisor says on the socket "sound": a stream has other
 * memory, because its application has left; or somebody has turned a knob.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snd_internal.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* What it is about; fds is what came with it. */
static int receive(int from, unsigned char *what, int fds[2])
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { what, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	fds[0] = fds[1] = -1;
	if (n <= 0)
		return n ? -errno : -EPIPE;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int)))
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return 0;
}

static void listen_on(struct udrv_snd *snd)
{
	int fd = udrv_fd(snd->dev, "sound");

	if (fd >= 0)
		snd->listening = !udrv_loop_poll(udrv_loop(snd->dev), fd, POLLIN, &snd->news_op);
}

static void news_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_snd *snd = container_of(op, struct udrv_snd, news_op);
	unsigned char what;
	int fds[2], ret;

	snd->listening = false;
	if (!snd->active || res <= 0)
		return;
	/* One at a time: where applications come and go faster than they can be served,
	 * interrupts, and the supervisor's watchdog, get their turn in between. */
	ret = receive(udrv_fd(snd->dev, "sound"), &what, fds);
	if (!ret && what < UDRV_SND_DIRS && fds[0] >= 0)
		udrv_snd_renewed(snd, what, fds[0], fds[1]);
	udrv_snd_mixer_look(snd);
	if (!ret || ret == -EAGAIN || ret == -EINTR)
		listen_on(snd);
}

void udrv_snd_news_begin(struct udrv_snd *snd)
{
	snd->news_op.done = news_done;
	listen_on(snd);
}

void udrv_snd_news_end(struct udrv_snd *snd)
{
	if (snd->listening)
		udrv_loop_cancel(udrv_loop(snd->dev), &snd->news_op);
}
