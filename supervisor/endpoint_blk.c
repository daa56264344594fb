// SPDX-License-Identifier: MIT
/* endpoint_blk.c - block devices, one for each disk (disk.c), and the socket on
 * which a driver gets their channels (docs/driver-process.md, "Disks"). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "disk.h"
#include "log.h"
#include "pin.h"
#include "sendfds.h"

struct udrvd_disks {
	struct udrvd_disk disk[UDRV_BLK_UNITS];
	int ours, drivers;		/* ends of the socket; -1 */
	struct udrvd_pins pins;		/* of the driver */
};

static void for_each(struct udrvd_endpoint *e, void (*fn)(struct udrvd_disk *disk))
{
	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++)
		fn(&e->disks->disk[i]);
}

int udrvd_disk_send(struct udrvd_disk *disk, const char *text, size_t len, int fd)
{
	return udrvd_send_fds(disk->d->endpoint.disks->ours, text, len, &fd, fd >= 0);
}

static int blk_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	int ret;

	if (access("/dev/ublk-control", R_OK | W_OK)) {
		ret = -errno;
		snprintf(err->text, sizeof(err->text), "/dev/ublk-control: %s%s", strerror(-ret),
			 ret == -ENOENT ? " (modprobe ublk_drv; Linux 6.5 or newer is needed)" : "");
		return ret;
	}
	e->disks = calloc(1, sizeof(*e->disks));
	if (!e->disks) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -ENOMEM;
	}
	ret = udrvd_pin_self();
	if (ret)
		udrvd_log(UDRV_WARN, e->cfg->name, "udrvd's memory cannot be locked: %s; when memory is short, the disk may hang",
			  strerror(-ret));
	e->disks->ours = e->disks->drivers = -1;
	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++) {
		e->disks->disk[i].d = container_of(e, struct udrvd_device, endpoint);
		e->disks->disk[i].unit = i;
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

	close_end(&e->disks->ours);
	close_end(&e->disks->drivers);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 0;
	e->disks->ours = ends[0];
	e->disks->drivers = ends[1];
	fds[0] = (struct udrvd_fd){ ends[1], "blk" };
	return 1;
}

static void blk_spawned(struct udrvd_endpoint *e)
{
	close_end(&e->disks->drivers);
}

static void blk_wants(struct udrvd_endpoint *e, unsigned int unit)
{
	udrvd_disk_wanted(&e->disks->disk[unit]);
}

static void blk_ready(struct udrvd_endpoint *e)
{
	struct udrvd_device *d = container_of(e, struct udrvd_device, endpoint);
	unsigned int failed = udrvd_pin(&e->disks->pins, d->process.pid);

	if (failed)
		udrvd_log(UDRV_WARN, d->cfg->name, "%u files of the driver cannot be kept in memory: do not have it on its own disk",
			  failed);
	for_each(e, udrvd_disk_ready);
}

static int blk_hold(struct udrvd_endpoint *e, char *text, size_t size)
{
	close_end(&e->disks->ours);
	for_each(e, udrvd_disk_orphaned);
	snprintf(text, size, "requests wait");
	return 0;
}

static int blk_down(struct udrvd_endpoint *e, char *text, size_t size)
{
	blk_hold(e, text, size);
	if (!e->cfg->disk_fail)
		return 0;
	for_each(e, udrvd_disk_remove);
	snprintf(text, size, "removed, requests fail");
	return 0;
}

/* The kernel counts what it has handed out and what has come back. */
static bool disk_work(const struct udrvd_disk *disk, uint64_t *done)
{
	unsigned long long v[16] = { 0 }, in_flight;
	char path[64], text[256];
	const char *at = text;
	char *end;
	FILE *f;

	if (disk->state <= UDRVD_DISK_ADDED)
		return false;
	snprintf(path, sizeof(path), "/sys/block/ublkb%d/stat", udrv_host_ublk_number(disk->ublk));
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	for (int i = 0; i < 16; i++, at = end)
		v[i] = strtoull(at, &end, 10);
	/* Documentation/block/stat.rst: reads, writes, in flight, discards, flushes */
	in_flight = v[8];
	*done += v[0] + v[4] + v[11] + v[15];
	return in_flight > 0;
}

static bool blk_work(struct udrvd_endpoint *e, uint64_t *done)
{
	bool waits = false;

	*done = 0;
	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++)
		waits |= disk_work(&e->disks->disk[i], done);
	return waits;
}

static void blk_name(const struct udrvd_endpoint *e, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	if (!e->is_open)
		return;
	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++) {
		const struct udrvd_disk *disk = &e->disks->disk[i];

		if (disk->state > UDRVD_DISK_ADDED && at < size)
			at += (size_t)snprintf(text + at, size - at, "%sublkb%d", at ? " " : "",
					       udrv_host_ublk_number(disk->ublk));
	}
}

static void blk_close(struct udrvd_endpoint *e)
{
	close_end(&e->disks->ours);
	close_end(&e->disks->drivers);
	for_each(e, udrvd_disk_remove);
	udrvd_unpin(&e->disks->pins);
	free(e->disks);
	e->disks = NULL;
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
	.work = blk_work,
	.name = blk_name,
	.close = blk_close,
};
