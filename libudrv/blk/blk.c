// SPDX-License-Identifier: MIT
/*
 * blk.c - the block class: requests between a ublk device and a driver.
 *
 * The kernel holds one command for each tag.  A command's completion is a
 * request; the command that carries its result back asks for the next one.
 *
 * The order at the start keeps a death from wedging the device (Linux 6.12):
 * the commands go out all in one system call, which a SIGKILL does not cut
 * short, and the page with the kernel's wishes is mapped only after that.  A
 * process that maps it and dies before its commands are out cannot be followed
 * by another; one that dies with all of them out can.
 *
 * The end is the process's: its ring is never closed before.  Linux 6.12 completes
 * a command twice that it was about to hand a request to when the ring is closed by
 * a living process, and corrupts its own memory by it (mended in 6.15: "ublk: fix
 * race between io_uring_cmd_complete_in_task and ublk_cancel_cmd").  What it was
 * about to hand to a dying process goes back into the queue.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blk_internal.h"
#include "ublk_abi.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define COPY_AT_ONCE	32768		/* bytes */

static void got_request(struct udrv_op *op, int res, unsigned int flags);

static void queue(struct udrv_blk_req *req, unsigned int cmd, int result)
{
	struct udrv_blk *blk = req->blk;
	struct io_uring_sqe *sqe = udrv_loop_sqe(udrv_loop(blk->dev), &req->op_done);
	struct ublksrv_io_cmd io = {
		.tag = (uint16_t)req->tag, .result = result,
	};
	uint64_t op = sqe->user_data;

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = op;
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = blk->fd;
	sqe->cmd_op = cmd;
	memcpy(sqe->cmd, &io, sizeof(io));
}

/* ---- requests ----------------------------------------------------------------- */

/* One store each, so that a death leaves either the old or the new value. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void count_done(struct udrv_blk_unit *s, const struct udrv_blk_req *req, int status)
{
	if (status) {
		count(&s->errors, 1);
		return;
	}
	switch (req->op) {
	case UDRV_BLK_READ:
		count(&s->reads, 1);
		count(&s->read_sectors, req->nsect);
		break;
	case UDRV_BLK_WRITE:
		count(&s->writes, 1);
		count(&s->written_sectors, req->nsect);
		count(&s->fua, req->fua);
		break;
	case UDRV_BLK_FLUSH:
		count(&s->flushes, 1);
		break;
	case UDRV_BLK_DISCARD:
		count(&s->discards, 1);
		break;
	}
}

/* The data of a request, between its pages and its buffer.  We copy, not the kernel:
 * it copies all that has come before it lets us look after the drive again. */
static int copy(const struct udrv_blk_req *req)
{
	off_t at = UBLKSRV_IO_BUF_OFFSET + ((off_t)req->tag << UBLK_TAG_OFF);
	ssize_t n = req->op == UDRV_BLK_WRITE ?
		pread(req->blk->fd, req->buf.va, req->buf.len, at) :
		pwrite(req->blk->fd, req->buf.va, req->buf.len, at);

	if (n == (ssize_t)req->buf.len)
		return 0;
	udrv_log(req->blk->dev, UDRV_ERR, "disk %u: the kernel keeps the data of a request: %s",
		 req->blk->unit, n < 0 ? strerror(errno) : "too few");
	return -EIO;
}

/* Recovery time is measured up to here. */
static void first_io(struct udrv_blk *blk)
{
	if (blk->first_io)
		return;
	blk->first_io = true;
	udrv_notify(blk->dev, "X_UDRV_FIRST_IO=%llu", (unsigned long long)udrv_now_ns());
}

static void give_back(struct udrv_blk_req *req, int status)
{
	struct udrv_blk *blk = req->blk;

	if (!status && req->op == UDRV_BLK_READ)
		status = copy(req);
	count_done(blk->stats, req, status);
	/* Also after a failure the disk can be reached, which is what counts. */
	first_io(blk);
	queue(req, UBLK_U_IO_COMMIT_AND_FETCH_REQ, status ? status : (int)req->buf.len);
}

static void copy_later(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_blk_req *req = container_of(op, struct udrv_blk_req, op_done);

	op->done = got_request;
	if (req->blk->running)
		give_back(req, 0);
}

void udrv_blk_done(struct udrv_blk_req *req, int status)
{
	struct udrv_blk *blk = req->blk;

	if (!req->given) {
		udrv_log(blk->dev, UDRV_ERR, "bug in the driver: a request of disk %u is done twice",
			 blk->unit);
		return;
	}
	req->given = false;
	if (!blk->running)
		return;
	if (!status && req->op == UDRV_BLK_READ && req->buf.len > COPY_AT_ONCE) {
		/* The driver may have something for the drive to do meanwhile. */
		req->op_done.done = copy_later;
		io_uring_prep_nop(udrv_loop_sqe(udrv_loop(blk->dev), &req->op_done));
		return;
	}
	give_back(req, status);
}

static void blk_fail(struct udrv_blk *blk, const char *what, int ret)
{
	udrv_log(blk->dev, UDRV_ERR, "disk %u: %s: %s", blk->unit, what, strerror(-ret));
	udrv_loop_stop(udrv_loop(blk->dev), ret);
}

static void got_request(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_blk_req *req = container_of(op, struct udrv_blk_req, op_done);
	struct udrv_blk *blk = req->blk;
	const struct ublksrv_io_desc *iod = blk->iods;
	int ret;

	if (!blk->running)
		return;
	if (res != UBLK_IO_RES_OK) {
		/* The device was stopped or removed by somebody. */
		if (!blk->ublk || res != UBLK_IO_RES_ABORT)
			blk_fail(blk, "the kernel wants no more of us", res);
		return;
	}
	ret = udrv_blk_decode(&blk->limits, &iod[req->tag], req);
	req->given = true;
	if (!ret && req->op == UDRV_BLK_WRITE)
		ret = copy(req);
	if (!ret)
		ret = blk->ops->submit(blk->dev, blk->unit, req);
	if (ret)
		udrv_blk_done(req, ret);
}

/* ---- start --------------------------------------------------------------------- */

static int check_limits(struct udrv_dev *dev, unsigned int unit,
			const struct udrv_blk_limits *limits)
{
	const char *wrong = udrv_blk_limits_check(limits);

	if (unit >= UDRV_BLK_UNITS)
		wrong = "a device has 8 of them at most";
	if (!wrong)
		return 0;
	udrv_log(dev, UDRV_ERR, "disk %u: %s", unit, wrong);
	return -EINVAL;
}

/* The page tells our supervisor what the disk is, and keeps the counters. */
static void publish(struct udrv_blk *blk)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(blk->dev, NULL);

	if (cp->class != UDRV_CLASS_BLK) {
		memset(cp->area, 0, sizeof(cp->area));
		cp->class = UDRV_CLASS_BLK;
	}
	blk->stats = &cp->blk.unit[blk->unit];
	blk->stats->limits = blk->limits;
	cp->blk.id[blk->unit] = blk->ops->id ? blk->ops->id(blk->dev, blk->unit) : 0;
}

static int alloc(struct udrv_blk *blk)
{
	unsigned int tags = udrv_blk_tags(&blk->limits);
	size_t len = (size_t)blk->limits.max_sectors * UDRV_BLK_SECTOR;
	/* Zeroing them would take as long as all the rest of a start. */
	int ret = udrv_dma_alloc_dirty(blk->dev, tags * len, &blk->bufs);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < tags; i++)
		blk->reqs[i] = (struct udrv_blk_req) {
			.blk = blk, .tag = i, .op_done.done = got_request,
			.buf = { (char *)blk->bufs.va + i * len, blk->bufs.iova + i * len, 0 },
		};
	return 0;
}

/* A page fault of ours may wait for the disk that we are. */
static void lock_memory(struct udrv_dev *dev)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		udrv_log(dev, UDRV_WARN, "memory cannot be locked: %s; when memory is short, the disk may hang (memlock=, ulimit -l)",
			 strerror(errno));
}

/* All commands or none: see the top. */
static int fetch_all(struct udrv_blk *blk)
{
	struct udrv_loop *loop = udrv_loop(blk->dev);
	int tags = (int)udrv_blk_tags(&blk->limits);
	int ret = udrv_loop_submit(loop);

	if (ret < 0)
		return ret;
	udrv_loop_keep(loop);		/* see the top */
	for (int i = 0; i < tags; i++)
		queue(&blk->reqs[i], UBLK_U_IO_FETCH_REQ, 0);
	ret = udrv_loop_submit(loop);
	if (ret >= 0 && ret != tags)
		ret = -EIO;
	return ret < 0 ? ret : 0;
}

static int map_iods(struct udrv_blk *blk)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = udrv_blk_tags(&blk->limits) * sizeof(struct ublksrv_io_desc);
	void *va;

	len = (len + page - 1) & ~(page - 1);
	va = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, blk->fd,
		  UBLKSRV_CMD_BUF_OFFSET);
	if (va == MAP_FAILED)
		return -errno;
	blk->iods = va;
	blk->iods_len = len;
	return 0;
}

static void release(struct udrv_blk *blk)
{
	if (blk->fd >= 0)
		udrv_blk_channel_close(blk);
	if (blk->iods)
		munmap((void *)blk->iods, blk->iods_len);
	blk->iods = NULL;
	udrv_dma_free(blk->dev, &blk->bufs);
}

int udrv_blk_start(struct udrv_blk *blk, struct udrv_dev *dev, const struct udrv_blk_ops *ops,
		   unsigned int unit, const struct udrv_blk_limits *limits)
{
	int ret = check_limits(dev, unit, limits);

	if (ret)
		return ret;
	memset(blk, 0, sizeof(*blk));
	blk->dev = dev;
	blk->ops = ops;
	blk->unit = unit;
	blk->limits = *limits;
	blk->fd = -1;
	lock_memory(dev);
	ret = alloc(blk);
	if (!ret) {
		publish(blk);
		ret = udrv_blk_channel_open(blk);
	}
	if (!ret) {
		ret = fetch_all(blk);
		if (!ret)
			ret = map_iods(blk);
		if (!ret)
			ret = udrv_blk_channel_started(blk);
		if (ret)
			udrv_log(dev, UDRV_ERR, "disk %u: the kernel refuses us as its server: %s",
				 unit, strerror(-ret));
	}
	if (ret) {
		release(blk);
		return ret;
	}
	blk->running = true;
	return 0;
}

void udrv_blk_stop(struct udrv_blk *blk)
{
	if (!blk->running)
		return;
	udrv_blk_channel_close(blk);
	blk->running = false;
	release(blk);
}
