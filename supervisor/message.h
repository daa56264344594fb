/* SPDX-License-Identifier: MIT */
/*
 * message.h - what a driver says on NOTIFY_SOCKET (docs/driver-process.md).
 * Pure.  The driver may be malicious: anything unexpected makes the whole
 * message malformed.
 */
#ifndef UDRVD_MESSAGE_H
#define UDRVD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <udrv/checkpoint.h>

#define UDRVD_MESSAGE_MAX	1024
#define UDRVD_STATUS_MAX	80

struct udrvd_message {
	bool ready, watchdog, stopping, standby;
	bool handover;			/* the device runs on, for another program */
	char layout[UDRV_LAYOUT_MAX];	/* of what is handed over; "": it cannot */
	uint64_t first_io;		/* CLOCK_MONOTONIC ns; 0: not said */
	bool has_blk;
	unsigned int blk;		/* X_UDRV_BLK: a disk, less than UDRV_BLK_UNITS */
	bool has_status;
	char status[UDRVD_STATUS_MAX];	/* cut if longer */
	char state[UDRVD_STATUS_MAX];	/* X_UDRV_STATE; "" if not said */
};

/* -EINVAL: malformed, and *m is all zero then. */
int udrvd_message_parse(const char *text, size_t len, struct udrvd_message *m);

#endif /* UDRVD_MESSAGE_H */
