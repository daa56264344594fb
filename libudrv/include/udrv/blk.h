/* SPDX-License-Identifier: MIT */
/*
 * Block class: joins a driver's disks to Linux block devices (ublk;
 * docs/driver-process.md, "blk").  Each disk of a device is a unit with a block
 * device of its own.  The class copies data between the kernel's pages and the
 * request's buffer, which is DMA memory: the hardware works on it directly.
 *
 * A driver may die at any time: the kernel keeps what is not done, and gives
 * it to the next driver.  So a request may come a second time, although the
 * disk has dealt with it in the meantime; reads and writes bear that.
 *
 * A driver without a supervisor makes its block devices itself (root only) and
 * removes them at its end.
 */
#ifndef UDRV_BLK_H
#define UDRV_BLK_H

#include <udrv.h>
#include <udrv/checkpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UDRV_BLK_SECTOR		512u	/* what sectors are counted in, always */

#define UDRV_BLK_DEPTH		127	/* the largest limits.depth */

enum udrv_blk_op { UDRV_BLK_READ, UDRV_BLK_WRITE, UDRV_BLK_FLUSH, UDRV_BLK_DISCARD };

struct udrv_blk_req {
	enum udrv_blk_op op;
	bool fua;			/* WRITE: done means on the medium */
	uint64_t sector;		/* FLUSH: 0 sectors at 0 */
	uint32_t nsect;
	/* READ, WRITE: the data, nsect * 512 bytes, page-aligned; the same
	 * memory for all requests with this tag. */
	struct udrv_dma buf;
	/* 0 ... limits.depth, unique among the unit's requests: an index into
	 * what the driver keeps for each of them. */
	unsigned int tag;

	/* The class's own: */
	struct udrv_blk *blk;
	struct udrv_op op_done;
	bool given;			/* to the driver, and not done yet */
};

struct udrv_blk_ops {
	/*
	 * Required.  Called from the loop.  0: udrv_blk_done() follows, or
	 * came already; -errno: the request fails at once.
	 * Guarantees: the sectors are inside the disk and a multiple of its
	 * logical block; at most limits.depth + 1 requests are out at once; a
	 * request is not given again before it is done.  Several requests
	 * may be carried out in any order; a FLUSH covers writes that were
	 * done before it came.
	 */
	int (*submit)(struct udrv_dev *dev, unsigned int unit, struct udrv_blk_req *req);
	/*
	 * Optional.  Called by udrv_blk_start(): a hash of what names the disk for
	 * good, such as its model and serial number, but nothing that an update of
	 * its firmware changes; 0: there is no such thing.  By it our supervisor
	 * tells another disk of the same size from the one that was there before.
	 */
	uint64_t (*id)(struct udrv_dev *dev, unsigned int unit);
};

/* One disk.  Embed it in the driver's state, which outlives the loop; all of it
 * is the class's own. */
struct udrv_blk {
	struct udrv_dev *dev;
	const struct udrv_blk_ops *ops;
	unsigned int unit;
	struct udrv_blk_limits limits;
	struct udrv_blk_unit *stats;	/* in the checkpoint page */
	struct udrv_dma bufs;
	struct udrv_blk_req reqs[UDRV_BLK_DEPTH + 1];
	const void *iods;		/* what the kernel wants, one for each tag */
	size_t iods_len;
	int fd;				/* of the ublk character device */
	bool running;
	bool first_io;			/* told the supervisor */
	/* Without a supervisor: */
	struct udrv_ublk *ublk;
	struct udrv_op ublk_op;
	bool ublk_waiting;		/* ublk_op is in flight */
};

/*
 * The disk is identified and can take requests; they may come at once after
 * the return to the loop.  Needs (depth + 1) * max_sectors * 512 bytes of DMA
 * memory.  Waits for the supervisor for a minute at most.  On failure nothing
 * is left to stop, but from here on the loop's io_uring ends with the process only
 * (udrv_loop_keep()).  -EINVAL: the limits make no sense, -ESTALE: our supervisor
 * refuses it, mostly because it is not the disk that the last driver had here; the log
 * says why, and other units can be started all the same.
 */
UDRV_API int udrv_blk_start(struct udrv_blk *blk, struct udrv_dev *dev,
			    const struct udrv_blk_ops *ops, unsigned int unit,
			    const struct udrv_blk_limits *limits);

/* 0, or why it failed: -EIO; -ENODATA for a bad sector; -EOPNOTSUPP; -ETIMEDOUT.
 * May be called from submit. */
UDRV_API void udrv_blk_done(struct udrv_blk_req *req, int status);

/*
 * In the driver's stop.  No request comes after the return, and what is out
 * need not be done: the next driver gets it.  Without a supervisor the block
 * device is removed first, for which dirty data are written: the hardware must
 * still work.
 */
UDRV_API void udrv_blk_stop(struct udrv_blk *blk);

/* Pure: NULL, or a sentence on what is wrong with the limits. */
UDRV_API const char *udrv_blk_limits_check(const struct udrv_blk_limits *limits);

#ifdef __cplusplus
}
#endif

#endif /* UDRV_BLK_H */
