// SPDX-License-Identifier: MIT
/*
 * standby.c - wait, with all that can be prepared, for the device.
 *
 * A supervisor may start a second process of a driver while the first one
 * works.  All that it inherits is one socket, "standby"; the device comes over
 * that when the first one is dead (docs/driver-process.md, "Standing by").
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* The go: names joined by colons, and as many descriptors, the first of which is
 * called first.  -ECANCELED: we are not needed any more. */
static int receive(struct udrv_dev *dev, int control, struct udrv_fds *fds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * UDRV_FDS)];
	} control_room;
	struct iovec iov = { fds->names, sizeof(fds->names) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control_room, .msg_controllen = sizeof(control_room),
	};
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(control, &msg, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n ? -errno : -ECANCELED;
	fds->names[n] = '\0';
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		fds->n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds->fd, CMSG_DATA(c), (size_t)fds->n * sizeof(int));
	}
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || udrv_fds_split(fds)) {
		udrv_log(dev, UDRV_ERR, "the descriptors for a standby do not fit their names");
		return -EINVAL;
	}
	return 0;
}

static int wait_for_go(struct udrv_dev *dev, int control, struct udrv_fds *fds)
{
	struct pollfd p = { .fd = control, .events = POLLIN };
	int ms = dev->notify.watchdog_ms ? (int)(dev->notify.watchdog_ms / 2) : -1;
	int ret = udrv_can_hand_over(dev->drv) ?
		udrv_notify(dev, "X_UDRV_STANDBY=1\nX_UDRV_LAYOUT=%s", dev->drv->layout) :
		udrv_notify(dev, "X_UDRV_STANDBY=1");

	while (!ret) {
		ret = poll(&p, 1, ms);
		if (ret > 0)
			return receive(dev, control, fds);
		if (ret < 0 && errno != EINTR)
			return -errno;
		ret = udrv_notify(dev, "WATCHDOG=1");
		/* Its socket is full: it has something better to do just now. */
		if (ret == -EAGAIN)
			ret = 0;
	}
	return ret;
}

int udrv_standby_wait(struct udrv_dev *dev)
{
	int control = udrv_fds_find(&dev->fds, "standby");
	struct udrv_fds fds = { 0 };
	int ret;

	if (control < 0)
		return 0;
	/* Page faults now are none later.  They are unlocked again because the
	 * limit is for what the device will use; but a disk's driver must not lose
	 * a page from here on.  Without the right to, we are only slower. */
	if (mlockall(MCL_CURRENT))
		udrv_log(dev, UDRV_DEBUG, "memory cannot be prepared: %s", strerror(errno));
	ret = wait_for_go(dev, control, &fds);
	if (!dev->drv->resident)
		munlockall();
	else if (mlockall(MCL_CURRENT | MCL_FUTURE))
		udrv_log(dev, UDRV_WARN, "memory cannot be locked: %s", strerror(errno));
	close(control);
	if (!ret)
		dev->fds = fds;
	return ret;
}
