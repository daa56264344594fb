// SPDX-License-Identifier: MIT
/*
 * endpoint_blk.c - ublk block devices, one for each disk of a device.
 *
 * The driver says what a disk is (X_UDRV_BLK, checkpoint page) and gets the
 * character device through a socket.  We keep no copy of that: while one is
 * open, the kernel does not let go of a dead driver.  What the kernel takes its
 * time for comes back through the command ring of the unit.
 *
 * After a death RECOVER is asked for at once, while the next driver is still
 * starting, and END before that one fetches: should it die in between, the
 * device is live for a moment, and then lost like any other.  An END that came
 * after such a death would leave it live for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <udrv/blk.h>
#include <udrv/ublk.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

#define MS		1000000ull
#define RETRY		(2 * MS)
/* The kernel needs 50 ms to let go of a dead driver, or 30 s if that one held
 * every request; somebody wants to know about longer times. */
#define SLOW		(5000 * MS)
#define RETRY_SLOW	(100 * MS)
#define LINKS		"/dev/udrv"

enum unit_state {
	UNIT_NONE,		/* there is no such disk */
	UNIT_ADDED,		/* no block device yet: waits for the driver's READY=1 */
	UNIT_STARTING,
	UNIT_LIVE,
	UNIT_LOST,		/* its driver died; RECOVER is not accepted yet */
	UNIT_OPEN,		/* for the next driver; END is out */
};

struct unit {
	struct udrvd_device *d;
	unsigned int number;
	enum unit_state state;
	struct udrv_blk_limits limits;
	struct udrv_ublk *ublk;
	struct udrvd_watch watch;	/* for the end of a command */
	struct udrvd_timer timer;	/* to try again */
	uint64_t lost;			/* since when */
	bool warned;
	bool fresh;			/* has not been live with a driver yet */
	bool wanted;			/* the driver waits for the channel ... */
	bool sent;			/* ... and has it */
};

struct udrvd_disk {
	struct unit units[UDRV_BLK_UNITS];
	int ours, drivers;		/* ends of the socket; -1 */
};

static const char *name_of(const struct unit *u)
{
	return u->d->cfg->name;
}

static void note(struct unit *u, const char *what)
{
	udrvd_history_add(&u->d->history, udrvd_now(), UDRVD_H_ENDPOINT, "disk %u (ublkb%d) %s",
			  u->number, udrv_host_ublk_number(u->ublk), what);
}

/* ---- one disk ------------------------------------------------------------------ */

static void link_path(const struct unit *u, char path[64])
{
	snprintf(path, 64, LINKS "/%s%u", u->d->cfg->link, u->number);
}

static void make_link(struct unit *u)
{
	char path[64], target[32];

	link_path(u, path);
	snprintf(target, sizeof(target), "../ublkb%d", udrv_host_ublk_number(u->ublk));
	mkdir(LINKS, 0755);
	unlink(path);
	if (symlink(target, path))
		udrvd_log(UDRV_WARN, name_of(u), "%s: %s", path, strerror(errno));
}

static void unit_remove(struct unit *u)
{
	char path[64];

	if (u->state == UNIT_NONE)
		return;
	udrvd_watch_del(&u->d->udrvd->loop, &u->watch);
	udrvd_timer_cancel(&u->d->udrvd->loop, &u->timer);
	link_path(u, path);
	unlink(path);
	udrv_host_ublk_remove(u->ublk);
	u->state = UNIT_NONE;
	u->wanted = u->sent = false;
}

static void begin(struct unit *u, enum udrv_ublk_cmd cmd)
{
	int pid = u->d->process.pid ? u->d->process.pid : getpid();
	int ret = udrv_host_ublk_begin(u->ublk, cmd, pid);

	if (ret)
		udrvd_log(UDRV_ERR, name_of(u), "disk %u: bug in udrvd: command %d: %s", u->number,
			  (int)cmd, strerror(-ret));
}

/* Its driver is dead, and it was live. */
static void unit_lost(struct unit *u)
{
	u->state = UNIT_LOST;
	u->lost = udrvd_now();
	u->warned = false;
	begin(u, UDRV_UBLK_RECOVER);
}

static int send_message(struct unit *u, const char *text, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)text, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(u->d->endpoint.disk->ours, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ?
		-errno : 0;
}

static void unit_refuse(struct unit *u, const char *why)
{
	udrvd_log(UDRV_ERR, name_of(u), "disk %u: %s", u->number, why);
	send_message(u, why, strlen(why), -1);
}

/* The channel, if the driver waits for it and it can be had. */
static void unit_send(struct unit *u)
{
	char number = (char)u->number;
	struct udrv_error err;
	int fd, ret;

	if (!u->wanted || (u->state != UNIT_ADDED && u->state != UNIT_OPEN))
		return;
	ret = udrv_host_ublk_char(u->ublk, &fd, &err);
	if (ret == -EBUSY) {			/* our last driver's ring is not gone yet */
		udrvd_timer_arm(&u->d->udrvd->loop, &u->timer, RETRY);
		return;
	}
	u->wanted = false;
	if (ret) {
		unit_refuse(u, err.text);
		return;
	}
	ret = send_message(u, &number, 1, fd);
	close(fd);
	u->sent = !ret;
	if (ret && ret != -EPIPE)		/* EPIPE: dead already, we shall hear of it */
		udrvd_log(UDRV_ERR, name_of(u), "disk %u: the driver does not take its channel: %s",
			  u->number, strerror(-ret));
}

static void try_again(struct udrvd_timer *t)
{
	struct unit *u = container_of(t, struct unit, timer);

	if (u->state == UNIT_LOST)
		begin(u, UDRV_UBLK_RECOVER);
	else
		unit_send(u);
}

/* ---- what became of the commands ---------------------------------------------------- */

static void started(struct unit *u, int result)
{
	struct udrv_error err;

	if (result) {
		udrvd_log(UDRV_ERR, name_of(u), "disk %u: the block device cannot be started: %s",
			  u->number, strerror(-result));
		unit_remove(u);
		return;
	}
	if (udrv_host_ublk_reserve(u->ublk, &err))
		udrvd_log(UDRV_WARN, name_of(u), "%s; a driver's death may stall it for 30 s", err.text);
	make_link(u);
	note(u, "started");
	u->state = UNIT_LIVE;
	if (!u->sent)
		unit_lost(u);
}

static void recover_done(struct unit *u, int result)
{
	uint64_t since = udrvd_now() - u->lost;

	if (!result) {
		u->state = UNIT_OPEN;
		note(u, "let go");
		begin(u, UDRV_UBLK_END);
		unit_send(u);
		return;
	}
	if (since > SLOW && !u->warned) {
		u->warned = true;
		udrvd_log(UDRV_WARN, name_of(u), "disk %u: the kernel does not let go of the dead driver: %s; trying on",
			  u->number, strerror(-result));
	}
	/* Started while its driver died: Linux 6.12 may have missed that.  It
	 * was nobody's disk yet. */
	if (since > SLOW && u->fresh) {
		udrvd_log(UDRV_WARN, name_of(u), "disk %u: removed, to be made again", u->number);
		unit_remove(u);
		return;
	}
	udrvd_timer_arm(&u->d->udrvd->loop, &u->timer, since > SLOW ? RETRY_SLOW : RETRY);
}

static void end_done(struct unit *u, int result)
{
	if (result) {
		udrvd_log(UDRV_ERR, name_of(u), "disk %u: its recovery does not end: %s; trying again",
			  u->number, strerror(-result));
		u->state = UNIT_LOST;
		udrvd_timer_arm(&u->d->udrvd->loop, &u->timer, RETRY_SLOW);
		return;
	}
	u->state = UNIT_LIVE;
	note(u, "live");
	/* It fetched, and died before we got here. */
	if (!u->sent)
		unit_lost(u);
}

static void command_done(struct udrvd_watch *w, unsigned int events)
{
	struct unit *u = container_of(w, struct unit, watch);
	enum udrv_ublk_cmd cmd;
	int result;

	if (udrv_host_ublk_end(u->ublk, &cmd, &result))
		return;
	switch (cmd) {
	case UDRV_UBLK_START:
		started(u, result);
		break;
	case UDRV_UBLK_RECOVER:
		recover_done(u, result);
		break;
	case UDRV_UBLK_END:
		end_done(u, result);
		break;
	case UDRV_UBLK_STOP:
		break;			/* not used: udrv_host_ublk_remove() does it */
	}
}

/* ---- what the driver says ------------------------------------------------------------- */

static int unit_add(struct unit *u, const struct udrv_blk_limits *limits)
{
	struct udrv_error err;
	int ret = udrv_host_ublk_add(&u->ublk, limits, 0, &err);

	if (ret) {
		unit_refuse(u, err.text);
		return ret;
	}
	u->watch = (struct udrvd_watch){ udrv_host_ublk_fd(u->ublk), command_done };
	u->timer.fn = try_again;
	ret = udrvd_watch_add(&u->d->udrvd->loop, &u->watch, EPOLLIN);
	if (ret) {
		udrv_host_ublk_remove(u->ublk);
		unit_refuse(u, "it cannot be watched");
		return ret;
	}
	u->limits = *limits;
	u->state = UNIT_ADDED;
	u->fresh = true;
	return 0;
}

static bool same_disk(const struct udrv_blk_limits *a, const struct udrv_blk_limits *b)
{
	return a->sectors == b->sectors && a->logical_block == b->logical_block &&
	       a->physical_block == b->physical_block && a->max_sectors == b->max_sectors &&
	       a->max_discard_sectors == b->max_discard_sectors && a->depth == b->depth &&
	       a->flags == b->flags;
}

static void blk_wants(struct udrvd_endpoint *e, unsigned int number)
{
	struct udrvd_device *d = container_of(e, struct udrvd_device, endpoint);
	struct unit *u = &e->disk->units[number];
	struct udrv_checkpoint cp;
	const char *wrong;

	if (!udrvd_device_checkpoint(d, &cp) || cp.class != UDRV_CLASS_BLK) {
		unit_refuse(u, "the checkpoint page says nothing about it");
		return;
	}
	wrong = udrv_blk_limits_check(&cp.blk.unit[number].limits);
	if (!wrong && u->sent)
		wrong = "the driver has it already";
	if (!wrong && u->state != UNIT_NONE && !same_disk(&u->limits, &cp.blk.unit[number].limits))
		wrong = "its size or limits are not those of the disk that was there before; to take it as a new one: udrvctl shutdown, and start udrvd again";
	if (wrong) {
		unit_refuse(u, wrong);
		return;
	}
	if (u->state == UNIT_NONE && unit_add(u, &cp.blk.unit[number].limits))
		return;
	u->wanted = true;
	unit_send(u);
}

static void blk_ready(struct udrvd_endpoint *e)
{
	for (struct unit *u = e->disk->units; u < e->disk->units + UDRV_BLK_UNITS; u++) {
		if (u->state == UNIT_ADDED && u->sent) {
			u->state = UNIT_STARTING;
			begin(u, UDRV_UBLK_START);
		} else if (u->state == UNIT_NONE || u->sent) {
			continue;
		} else {
			udrvd_log(UDRV_WARN, name_of(u), "disk %u is not there any more: its requests wait",
				  u->number);
		}
	}
}

/* ---- as an endpoint --------------------------------------------------------------------- */

static int blk_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	struct udrvd_device *d = container_of(e, struct udrvd_device, endpoint);

	if (access("/dev/ublk-control", R_OK | W_OK)) {
		snprintf(err->text, sizeof(err->text), "/dev/ublk-control: %s%s", strerror(errno),
			 errno == ENOENT ? " (modprobe ublk_drv; Linux 6.0 or newer has it)" : "");
		return -errno;
	}
	e->disk = calloc(1, sizeof(*e->disk));
	if (!e->disk) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -ENOMEM;
	}
	e->disk->ours = e->disk->drivers = -1;
	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++) {
		e->disk->units[i].d = d;
		e->disk->units[i].number = i;
	}
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A socket for each process: a channel that waits in it unread goes with it. */
static unsigned int blk_fds(struct udrvd_endpoint *e, struct udrvd_fd *fds)
{
	int ends[2];

	close_end(&e->disk->ours);
	close_end(&e->disk->drivers);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 0;
	e->disk->ours = ends[0];
	e->disk->drivers = ends[1];
	fds[0] = (struct udrvd_fd){ ends[1], "blk" };
	return 1;
}

static void blk_spawned(struct udrvd_endpoint *e)
{
	close_end(&e->disk->drivers);
}

static void driver_gone(struct udrvd_endpoint *e)
{
	close_end(&e->disk->ours);
	for (struct unit *u = e->disk->units; u < e->disk->units + UDRV_BLK_UNITS; u++) {
		bool served = u->sent;

		u->sent = u->wanted = false;
		if (u->state == UNIT_ADDED)
			unit_remove(u);
		else if (u->state == UNIT_LIVE && served)
			unit_lost(u);
		/* The others have a command out, and see about it at its end. */
	}
}

static int blk_hold(struct udrvd_endpoint *e, char *text, size_t size)
{
	driver_gone(e);
	snprintf(text, size, "requests wait");
	return 0;
}

static int blk_down(struct udrvd_endpoint *e, char *text, size_t size)
{
	if (!e->cfg->disk_fail)
		return blk_hold(e, text, size);
	driver_gone(e);
	for (struct unit *u = e->disk->units; u < e->disk->units + UDRV_BLK_UNITS; u++)
		unit_remove(u);
	snprintf(text, size, "removed, requests fail");
	return 0;
}

static void blk_name(const struct udrvd_endpoint *e, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; e->is_open && i < UDRV_BLK_UNITS; i++) {
		const struct unit *u = &e->disk->units[i];

		if (u->state > UNIT_ADDED && at < size)
			at += (size_t)snprintf(text + at, size - at, "%sublkb%d", at ? " " : "",
					       udrv_host_ublk_number(u->ublk));
	}
}

static void blk_close(struct udrvd_endpoint *e)
{
	close_end(&e->disk->ours);
	close_end(&e->disk->drivers);
	for (struct unit *u = e->disk->units; u < e->disk->units + UDRV_BLK_UNITS; u++)
		unit_remove(u);
	free(e->disk);
	e->disk = NULL;
}

const struct udrvd_endpoint_ops udrvd_endpoint_blk = {
	.type = "blk",
	.open = blk_open,
	.fds = blk_fds,
	.spawned = blk_spawned,
	.wants = blk_wants,
	.ready = blk_ready,
	.hold = blk_hold,
	.down = blk_down,
	.name = blk_name,
	.close = blk_close,
};
