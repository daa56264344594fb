// SPDX-License-Identifier: MIT
/*
 * disk.c - one disk's way from one driver to the next.
 *
 * We keep no copy of its channel, the ublk character device: while one is open,
 * the kernel does not let go of a dead driver.  What the kernel takes its time
 * for comes back through the command ring.
 *
 * After a death RECOVER is asked for as soon as it may be, while the next driver is
 * still starting, and END before that one fetches: should it die in between, the
 * device is live for a moment, and then lost like any other.  An END that came
 * after such a death would leave it live, and without a driver, for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "disk.h"
#include "log.h"
#include "udrvd.h"

#define MS		1000000ull
#define RETRY		(2 * MS)
/* The kernel needs 50 ms to let go of a dead driver, or 30 s if that one held
 * every request; somebody wants to know about longer times. */
#define SLOW		(5000 * MS)
#define RETRY_SLOW	(100 * MS)
/* Linux 6.12 takes back a dead driver's commands once more just after it has said that it
 * holds the requests; a RECOVER at that moment is a NULL pointer in io_uring_cmd_done(). */
#define TAKEN_BACK	(5 * MS)
/* For a disk that nobody has used yet: then it is made again. */
#define PATIENCE	(1000 * MS)
#define LINKS		"/dev/udrv"
#define AS_NEW		"; to take it as a new one, end udrvd and start it again"

static const char *name_of(const struct udrvd_disk *disk)
{
	return disk->d->cfg->name;
}

static struct udrvd_loop *loop_of(struct udrvd_disk *disk)
{
	return &disk->d->udrvd->loop;
}

static void note(struct udrvd_disk *disk, const char *what)
{
	udrvd_history_add(&disk->d->history, udrvd_now(), UDRVD_H_ENDPOINT, "disk %u (ublkb%d) %s",
			  disk->unit, udrv_host_ublk_number(disk->ublk), what);
}

static void link_path(const struct udrvd_disk *disk, char path[64])
{
	snprintf(path, 64, LINKS "/%s%u", disk->d->cfg->link, disk->unit);
}

static void make_link(struct udrvd_disk *disk)
{
	char path[64], target[32];

	link_path(disk, path);
	snprintf(target, sizeof(target), "../ublkb%d", udrv_host_ublk_number(disk->ublk));
	mkdir(LINKS, 0755);
	unlink(path);
	if (symlink(target, path))
		udrvd_log(UDRV_WARN, name_of(disk), "%s: %s", path, strerror(errno));
}

void udrvd_disk_remove(struct udrvd_disk *disk)
{
	char path[64];

	if (disk->state == UDRVD_DISK_NONE)
		return;
	udrvd_watch_del(loop_of(disk), &disk->watch);
	udrvd_timer_cancel(loop_of(disk), &disk->timer);
	link_path(disk, path);
	unlink(path);
	udrv_host_ublk_remove(disk->ublk);
	disk->state = UDRVD_DISK_NONE;
	disk->wanted = disk->sent = false;
}

static void begin(struct udrvd_disk *disk, enum udrv_ublk_cmd cmd)
{
	/* Linux wants to be told who opened the channel; since about 6.16 it checks that. */
	int ret = udrv_host_ublk_begin(disk->ublk, cmd, getpid());

	if (ret)
		udrvd_log(UDRV_ERR, name_of(disk), "disk %u: bug in udrvd: command %d: %s",
			  disk->unit, (int)cmd, strerror(-ret));
}

/* It was live, and its driver is dead. */
static void lose(struct udrvd_disk *disk)
{
	disk->state = UDRVD_DISK_LOST;
	disk->lost = udrvd_now();
	disk->warned = disk->held = false;
	begin(disk, UDRV_UBLK_LOOK);
}

/* ---- its channel --------------------------------------------------------------- */

static void refuse(struct udrvd_disk *disk, const char *why)
{
	udrvd_log(UDRV_ERR, name_of(disk), "disk %u: %s", disk->unit, why);
	udrvd_disk_send(disk, why, strlen(why), -1);
}

/* Send it, if the driver waits for it and it can be had. */
static void send_channel(struct udrvd_disk *disk)
{
	char unit = (char)disk->unit;
	struct udrv_error err;
	int fd, ret;

	if (!disk->wanted ||
	    (disk->state != UDRVD_DISK_ADDED && disk->state != UDRVD_DISK_OPEN))
		return;
	ret = udrv_host_ublk_char(disk->ublk, &fd, &err);
	if (ret == -EBUSY) {		/* our last driver's ring is not gone yet */
		udrvd_timer_arm(loop_of(disk), &disk->timer, RETRY);
		return;
	}
	disk->wanted = false;
	if (ret) {
		refuse(disk, err.text);
		return;
	}
	ret = udrvd_disk_send(disk, &unit, 1, fd);
	close(fd);
	disk->sent = !ret;
	if (ret && ret != -EPIPE)	/* EPIPE: dead already, we shall hear of it */
		udrvd_log(UDRV_ERR, name_of(disk), "disk %u: the driver does not take its channel: %s",
			  disk->unit, strerror(-ret));
}

static void try_again(struct udrvd_timer *t)
{
	struct udrvd_disk *disk = container_of(t, struct udrvd_disk, timer);

	if (disk->state == UDRVD_DISK_LOST)
		begin(disk, disk->held ? UDRV_UBLK_RECOVER : UDRV_UBLK_LOOK);
	else
		send_channel(disk);
}

/* ---- what became of the commands ---------------------------------------------------- */

static void started(struct udrvd_disk *disk, int result)
{
	struct udrv_error err;

	if (result) {
		udrvd_log(UDRV_ERR, name_of(disk), "disk %u: the block device cannot be started: %s",
			  disk->unit, strerror(-result));
		udrvd_disk_remove(disk);
		return;
	}
	if (udrv_host_ublk_reserve(disk->ublk, &err))
		udrvd_log(UDRV_WARN, name_of(disk), "%s; a driver's death may stall it for 30 s",
			  err.text);
	make_link(disk);
	note(disk, "started");
	disk->state = UDRVD_DISK_LIVE;
	if (!disk->sent)
		lose(disk);
}

/* By the word of its drivers; false is right for sure. */
static bool was_used(const struct udrvd_disk *disk)
{
	const struct udrv_blk_unit *u;
	struct udrv_checkpoint cp;

	if (!udrvd_device_checkpoint(disk->d, &cp))
		return false;
	u = &cp.blk.unit[disk->unit];
	return u->reads || u->writes || u->flushes || u->discards || u->errors;
}

static void not_let_go(struct udrvd_disk *disk, int result)
{
	uint64_t since = udrvd_now() - disk->lost;

	/* If its driver dies while it is started, Linux 6.12 may not notice. */
	if (since > PATIENCE && disk->fresh && !was_used(disk)) {
		bool wanted = disk->wanted;

		note(disk, "removed, to be made again");
		udrvd_disk_remove(disk);
		if (wanted)
			udrvd_disk_wanted(disk);
		return;
	}
	if (since > SLOW && !disk->warned) {
		disk->warned = true;
		udrvd_log(UDRV_WARN, name_of(disk), "disk %u: the kernel does not let go of the dead driver: %s; trying on",
			  disk->unit, strerror(-result));
	}
	udrvd_timer_arm(loop_of(disk), &disk->timer, since > SLOW ? RETRY_SLOW : RETRY);
}

static void look_done(struct udrvd_disk *disk, int result)
{
	if (result) {
		not_let_go(disk, result);
		return;
	}
	disk->held = true;
	udrvd_timer_arm(loop_of(disk), &disk->timer, TAKEN_BACK);
}

static void recover_done(struct udrvd_disk *disk, int result)
{
	/* EINVAL: an udrvd before us had got as far as this. */
	if (result && result != -EINVAL) {
		not_let_go(disk, result);
		return;
	}
	disk->state = UDRVD_DISK_OPEN;
	disk->fresh = false;
	note(disk, "let go");
	begin(disk, UDRV_UBLK_END);
	send_channel(disk);
}

static void end_done(struct udrvd_disk *disk, int result)
{
	if (result) {
		udrvd_log(UDRV_ERR, name_of(disk), "disk %u: its recovery does not end: %s; trying again",
			  disk->unit, strerror(-result));
		disk->state = UDRVD_DISK_LOST;
		disk->lost = udrvd_now();
		disk->held = false;
		udrvd_timer_arm(loop_of(disk), &disk->timer, RETRY_SLOW);
		return;
	}
	disk->state = UDRVD_DISK_LIVE;
	note(disk, "live");
	/* It fetched, and died before we got here. */
	if (!disk->sent)
		lose(disk);
}

static void command_done(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_disk *disk = container_of(w, struct udrvd_disk, watch);
	enum udrv_ublk_cmd cmd;
	int result;

	if (udrv_host_ublk_end(disk->ublk, &cmd, &result))
		return;
	switch (cmd) {
	case UDRV_UBLK_START:
		started(disk, result);
		break;
	case UDRV_UBLK_LOOK:
		look_done(disk, result);
		break;
	case UDRV_UBLK_RECOVER:
		recover_done(disk, result);
		break;
	case UDRV_UBLK_END:
		end_done(disk, result);
		break;
	case UDRV_UBLK_STOP:
		break;			/* not ours: udrv_host_ublk_remove() does it */
	}
}

/* ---- what its drivers do ---------------------------------------------------------------- */

/* By which another udrvd finds it, should we be killed: FNV-1a of its name. */
static uint64_t cookie(const struct udrvd_disk *disk)
{
	uint64_t hash = 0xcbf29ce484222325;
	char path[64];

	link_path(disk, path);
	for (const char *c = path; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	return hash;
}

static int add(struct udrvd_disk *disk, const struct udrv_blk_limits *limits)
{
	struct udrv_error err;
	bool adopted;
	int ret;

	disk->limits = *limits;
	disk->id = 0;
	adopted = !udrv_host_ublk_find(&disk->ublk, cookie(disk), &disk->limits, &err);
	if (!adopted) {
		ret = udrv_host_ublk_add(&disk->ublk, limits, cookie(disk), &err);
		if (ret) {
			refuse(disk, err.text);
			return ret;
		}
	}
	disk->watch = (struct udrvd_watch){ udrv_host_ublk_fd(disk->ublk), command_done };
	disk->timer.fn = try_again;
	ret = udrvd_watch_add(loop_of(disk), &disk->watch, EPOLLIN);
	if (ret) {
		udrv_host_ublk_remove(disk->ublk);
		refuse(disk, "it cannot be watched");
		return ret;
	}
	disk->state = UDRVD_DISK_ADDED;
	disk->fresh = !adopted;
	if (adopted) {
		note(disk, "adopted");
		make_link(disk);
		lose(disk);
	}
	return 0;
}

static bool same(const struct udrv_blk_limits *a, const struct udrv_blk_limits *b)
{
	return a->sectors == b->sectors && a->logical_block == b->logical_block &&
	       a->physical_block == b->physical_block && a->max_sectors == b->max_sectors &&
	       a->max_discard_sectors == b->max_discard_sectors && a->depth == b->depth &&
	       a->flags == b->flags;
}

/* NULL, or why this is not the disk that was there before. */
static const char *differs(const struct udrvd_disk *disk, const struct udrv_blk_limits *limits,
			   uint64_t id)
{
	if (!same(&disk->limits, limits))
		return "its size or limits are not those of the disk that was there before" AS_NEW;
	if (disk->id && id && disk->id != id)
		return "it is another disk: model, serial number or the like are not those of the one that was there before" AS_NEW;
	return NULL;
}

void udrvd_disk_wanted(struct udrvd_disk *disk)
{
	const struct udrv_blk_limits *limits;
	struct udrv_checkpoint cp;
	const char *wrong;
	uint64_t id;

	if (!udrvd_device_checkpoint(disk->d, &cp) || cp.class != UDRV_CLASS_BLK) {
		refuse(disk, "the checkpoint page says nothing about it");
		return;
	}
	limits = &cp.blk.unit[disk->unit].limits;
	id = cp.blk.id[disk->unit];
	wrong = udrv_blk_limits_check(limits);
	if (!wrong && disk->sent)
		wrong = "the driver has it already";
	if (!wrong && disk->state == UDRVD_DISK_NONE && add(disk, limits))
		return;
	if (!wrong)
		wrong = differs(disk, limits, id);
	if (wrong) {
		refuse(disk, wrong);
		return;
	}
	/* Which disk it was that we adopted only its driver can say. */
	if (!disk->id)
		disk->id = id;
	disk->wanted = true;
	send_channel(disk);
}

void udrvd_disk_ready(struct udrvd_disk *disk)
{
	if (disk->state == UDRVD_DISK_ADDED && disk->sent) {
		disk->state = UDRVD_DISK_STARTING;
		begin(disk, UDRV_UBLK_START);
	} else if (disk->state != UDRVD_DISK_NONE && !disk->sent) {
		udrvd_log(UDRV_WARN, name_of(disk), "disk %u is not there any more: its requests wait",
			  disk->unit);
	}
}

void udrvd_disk_orphaned(struct udrvd_disk *disk)
{
	bool served = disk->sent;

	disk->sent = disk->wanted = false;
	/* A kernel that has not started it forgets its driver's commands only
	 * with the whole device. */
	if (disk->state == UDRVD_DISK_ADDED)
		udrvd_disk_remove(disk);
	else if (disk->state == UDRVD_DISK_LIVE && served)
		lose(disk);
	/* In the other states a command is out, whose end decides. */
}
