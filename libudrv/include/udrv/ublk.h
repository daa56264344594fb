/* SPDX-License-Identifier: MIT */
/*
 * The privileged side of a ublk block device: make it, start it, hand it to
 * the next driver after a death, remove it.  udrvd and a stand-alone driver
 * call this; who serves the device is another process, or another part of this.
 *
 * The life of a device: udrv_host_ublk_add(), a server opens its character
 * device and fetches (udrv/blk.h), UDRV_UBLK_START.  After the server's death
 * UDRV_UBLK_LOOK until it is not -EBUSY and, some milliseconds after that, for Linux's
 * sake, UDRV_UBLK_RECOVER until it is not -EBUSY, then UDRV_UBLK_END and a new server;
 * END completes once that one has fetched.
 */
#ifndef UDRV_UBLK_H
#define UDRV_UBLK_H

#include <udrv/checkpoint.h>
#include <udrv/host.h>

struct udrv_ublk;

/* Commands that may take long; one at a time. */
enum udrv_ublk_cmd {
	UDRV_UBLK_START,	/* /dev/ublkbN appears; waits for the server */
	UDRV_UBLK_LOOK,		/* -EBUSY: a dead server's requests are not held yet */
	UDRV_UBLK_RECOVER,	/* -EBUSY: the dead server is not all gone;
				 * -EINVAL: it is, and nobody served since */
	UDRV_UBLK_END,		/* held requests go to the server; waits for it */
	UDRV_UBLK_STOP,		/* /dev/ublkbN goes; a living server gets dirty data */
};

/* Add a device that waits for a server and outlives it.  cookie: any number, by
 * which it can be found again. */
UDRV_API int udrv_host_ublk_add(struct udrv_ublk **up, const struct udrv_blk_limits *limits,
				uint64_t cookie, struct udrv_error *err);
/* A device that somebody else added with this cookie, and who may be dead; what
 * its limits are.  Go on with UDRV_UBLK_RECOVER.  One that never was started is
 * removed.  -ENOENT: there is none. */
UDRV_API int udrv_host_ublk_find(struct udrv_ublk **up, uint64_t cookie,
				 struct udrv_blk_limits *limits, struct udrv_error *err);
/* Stop it if it is not, remove it, free u.  Waits for some seconds at most; a device
 * that the kernel does not stop in that time stays. */
UDRV_API void udrv_host_ublk_remove(struct udrv_ublk *u);

/* N of /dev/ublkbN. */
UDRV_API int udrv_host_ublk_number(const struct udrv_ublk *u);
/* What a server needs.  -EBUSY: another one has it still. */
UDRV_API int udrv_host_ublk_char(const struct udrv_ublk *u, int *fd, struct udrv_error *err);
/* After the start: keep one request in reserve (Linux 6.12 notices the death
 * of a server that holds all of them only after 30 s).  Not for the server itself: the
 * kernel does it when no request is under way.  Waits for that for a second at most. */
UDRV_API int udrv_host_ublk_reserve(const struct udrv_ublk *u, struct udrv_error *err);

/* pid: of the process that called udrv_host_ublk_char(), for START and END.  -EALREADY:
 * another command is not done. */
UDRV_API int udrv_host_ublk_begin(struct udrv_ublk *u, enum udrv_ublk_cmd cmd, int pid);
/* Readable when the command is done, or nearly so. */
UDRV_API int udrv_host_ublk_fd(const struct udrv_ublk *u);
/* -EAGAIN: not done yet; else 0, the command, and in *result what became of it. */
UDRV_API int udrv_host_ublk_end(struct udrv_ublk *u, enum udrv_ublk_cmd *cmd, int *result);

#endif /* UDRV_UBLK_H */
