/* SPDX-License-Identifier: MIT */
/* What the parts of the block class say to each other. */
#ifndef UDRV_BLK_INTERNAL_H
#define UDRV_BLK_INTERNAL_H

#include <udrv/blk.h>

#define UDRV_BLK_MAX_SECTORS	8192	/* 4 MiB */

struct ublksrv_io_desc;

/* How many commands the kernel gets: one more than may be in use.  Its driver
 * notices our death by a command that waits, and nr_requests (udrv/ublk.h)
 * leaves one waiting: under a supervisor, for only there it matters. */
static inline unsigned int udrv_blk_tags(const struct udrv_blk_limits *limits)
{
	return limits->depth + 1;
}

/* Pure: what the kernel wants, as a request; -EOPNOTSUPP, or -EINVAL for one
 * that is not inside the disk.  buf is of the tag, as long as it gets. */
int udrv_blk_decode(const struct udrv_blk_limits *limits, const struct ublksrv_io_desc *iod,
		    struct udrv_blk_req *req);

/* Where the character device comes from (channel.c). */
int udrv_blk_channel_open(struct udrv_blk *blk);
int udrv_blk_channel_started(struct udrv_blk *blk);
void udrv_blk_channel_close(struct udrv_blk *blk);

#endif /* UDRV_BLK_INTERNAL_H */
