// SPDX-License-Identifier: MIT
/*
 * channel.c - where a unit's character device comes from: our supervisor's
 * socket, or, by hand, a block device of our own.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <udrv/ublk.h>

#include "blk_internal.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* The kernel may need half a minute to notice our predecessor's death. */
#define SUPERVISOR_MS	60000
#define STOP_MS		10000

/* ---- supervised ---------------------------------------------------------------- */

/* One message: the unit as a byte and its descriptor; or, without one, a
 * sentence that says why not. */
static int receive(struct udrv_blk *blk, int from)
{
	char text[256] = "";
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
		udrv_log(blk->dev, UDRV_ERR, "disk %u: our supervisor refuses it: %s", blk->unit, text);
		return -ESTALE;
	}
	memcpy(&blk->fd, CMSG_DATA(c), sizeof(blk->fd));
	return n == 1 && text[0] == (char)blk->unit ? 0 : -EPROTO;
}

static int ask_supervisor(struct udrv_blk *blk, int from)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int ret = udrv_notify(blk->dev, "X_UDRV_BLK=%u", blk->unit);

	if (!ret) {
		ret = poll(&p, 1, SUPERVISOR_MS);
		ret = ret > 0 ? receive(blk, from) : ret ? -errno : -ETIMEDOUT;
	}
	if (ret && ret != -ESTALE)
		udrv_log(blk->dev, UDRV_ERR, "disk %u: no channel from our supervisor: %s", blk->unit,
			 strerror(-ret));
	return ret;
}

/* ---- by hand ---------------------------------------------------------------------- */

static void wait_ublk(struct udrv_blk *blk)
{
	blk->ublk_waiting = true;
	udrv_loop_poll(udrv_loop(blk->dev), udrv_host_ublk_fd(blk->ublk), POLLIN, &blk->ublk_op);
}

static void ublk_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_blk *blk = container_of(op, struct udrv_blk, ublk_op);
	enum udrv_ublk_cmd cmd;

	blk->ublk_waiting = false;
	if (res < 0 || !blk->ublk)
		return;
	if (udrv_host_ublk_end(blk->ublk, &cmd, &res)) {
		wait_ublk(blk);
	} else if (cmd == UDRV_UBLK_STOP) {
		udrv_loop_stop(udrv_loop(blk->dev), 0);
	} else if (res) {
		udrv_log(blk->dev, UDRV_ERR, "disk %u: the block device cannot be started: %s",
			 blk->unit, strerror(-res));
		udrv_loop_stop(udrv_loop(blk->dev), res);
	} else {
		udrv_log(blk->dev, UDRV_INFO, "disk %u is /dev/ublkb%d", blk->unit,
			 udrv_host_ublk_number(blk->ublk));
	}
}

static int make_own(struct udrv_blk *blk)
{
	struct udrv_error err;
	int ret = udrv_host_ublk_add(&blk->ublk, &blk->limits, 0, &err);

	if (!ret)
		ret = udrv_host_ublk_char(blk->ublk, &blk->fd, &err);
	if (ret)
		udrv_log(blk->dev, UDRV_ERR, "disk %u: %s", blk->unit, err.text);
	return ret;
}

/* ---- either -------------------------------------------------------------------------- */

int udrv_blk_channel_open(struct udrv_blk *blk)
{
	int from = udrv_fd(blk->dev, "blk");

	blk->fd = -1;
	blk->ublk = NULL;
	return from >= 0 ? ask_supervisor(blk, from) : make_own(blk);
}

int udrv_blk_channel_started(struct udrv_blk *blk)
{
	int ret;

	if (!blk->ublk)
		return 0;
	blk->ublk_op.done = ublk_done;
	ret = udrv_host_ublk_begin(blk->ublk, UDRV_UBLK_START, getpid());
	if (!ret)
		wait_ublk(blk);
	return ret;
}

/* The kernel writes what its cache still has while we serve it: so we do. */
static void stop_own(struct udrv_blk *blk)
{
	if (!blk->running || udrv_host_ublk_begin(blk->ublk, UDRV_UBLK_STOP, 0))
		return;
	if (!blk->ublk_waiting)
		wait_ublk(blk);
	if (udrv_loop_run_for(udrv_loop(blk->dev), STOP_MS) == -ETIME)
		udrv_log(blk->dev, UDRV_ERR, "disk %u: /dev/ublkb%d does not stop; what was not written is lost",
			 blk->unit, udrv_host_ublk_number(blk->ublk));
}

void udrv_blk_channel_close(struct udrv_blk *blk)
{
	struct udrv_ublk *ublk = blk->ublk;

	if (ublk)
		stop_own(blk);
	if (blk->fd >= 0)
		close(blk->fd);
	blk->fd = -1;
	if (!ublk)
		return;
	if (blk->ublk_waiting)
		udrv_loop_cancel(udrv_loop(blk->dev), &blk->ublk_op);
	blk->ublk = NULL;
	udrv_host_ublk_remove(ublk);
}
