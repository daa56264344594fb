/* SPDX-License-Identifier: MIT */
/*
 * disk.h - one disk of a device: a ublk block device, kept over its drivers.
 * disk.c brings it from one driver to the next, endpoint_blk.c keeps them all.
 */
#ifndef UDRVD_DISK_H
#define UDRVD_DISK_H

#include <udrv/blk.h>
#include <udrv/ublk.h>

#include "loop.h"

struct udrvd_device;

enum udrvd_disk_state {
	UDRVD_DISK_NONE,		/* there is no such disk */
	UDRVD_DISK_ADDED,		/* no block device yet: waits for the driver's READY=1 */
	UDRVD_DISK_STARTING,
	UDRVD_DISK_LIVE,
	UDRVD_DISK_LOST,		/* its driver died; RECOVER is not accepted yet */
	UDRVD_DISK_OPEN,		/* for the next driver; END is out */
};

struct udrvd_disk {
	struct udrvd_device *d;
	unsigned int unit;
	enum udrvd_disk_state state;
	struct udrv_blk_limits limits;
	uint64_t id;			/* what names it for good; 0: nobody has said so yet */
	struct udrv_ublk *ublk;
	struct udrvd_watch watch;	/* for the end of a command */
	struct udrvd_timer timer;	/* to try again */
	uint64_t lost;			/* since when */
	bool held;			/* the kernel holds the dead driver's requests */
	bool warned;			/* that it takes long */
	bool fresh;			/* no driver of it has died yet */
	bool wanted;			/* the driver waits for the channel ... */
	bool sent;			/* ... and has it */
};

/* The driver has this disk, and wants its channel. */
void udrvd_disk_wanted(struct udrvd_disk *disk);
/* The driver is ready to serve. */
void udrvd_disk_ready(struct udrvd_disk *disk);
/* The driver is dead; requests wait from now on. */
void udrvd_disk_orphaned(struct udrvd_disk *disk);
/* The block device goes, and what was not written is lost. */
void udrvd_disk_remove(struct udrvd_disk *disk);

/* endpoint_blk.c: a message to the driver, with a descriptor or -1. */
int udrvd_disk_send(struct udrvd_disk *disk, const char *text, size_t len, int fd);

#endif /* UDRVD_DISK_H */
