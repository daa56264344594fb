// SPDX-License-Identifier: MIT
/* decode.c - what the kernel wants, as a request.  Pure. */
#include <errno.h>

#include "blk_internal.h"
#include "ublk_abi.h"

static int decode_op(const struct ublksrv_io_desc *iod, struct udrv_blk_req *req)
{
	switch (ublksrv_get_op(iod)) {
	case UBLK_IO_OP_READ:
		req->op = UDRV_BLK_READ;
		return 0;
	case UBLK_IO_OP_WRITE:
		req->op = UDRV_BLK_WRITE;
		return 0;
	case UBLK_IO_OP_FLUSH:
		req->op = UDRV_BLK_FLUSH;
		return 0;
	case UBLK_IO_OP_DISCARD:
		req->op = UDRV_BLK_DISCARD;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int udrv_blk_decode(const struct udrv_blk_limits *limits, const struct ublksrv_io_desc *iod,
		    struct udrv_blk_req *req)
{
	uint32_t block = limits->logical_block / UDRV_BLK_SECTOR;
	int ret = decode_op(iod, req);

	if (ret)
		return ret;
	/* UBLK_IO_F_FUA is given as a bit of op_flags itself. */
	req->fua = req->op == UDRV_BLK_WRITE && (iod->op_flags & UBLK_IO_F_FUA);
	req->sector = iod->start_sector;
	req->nsect = iod->nr_sectors;
	req->buf.len = 0;
	if (req->op == UDRV_BLK_FLUSH) {
		req->sector = req->nsect = 0;
		return 0;
	}
	if (!req->nsect || req->sector % block || req->nsect % block ||
	    req->sector >= limits->sectors || req->nsect > limits->sectors - req->sector)
		return -EINVAL;
	if (req->op == UDRV_BLK_DISCARD)
		return 0;
	if (req->nsect > limits->max_sectors)
		return -EINVAL;
	req->buf.len = (size_t)req->nsect * UDRV_BLK_SECTOR;
	return 0;
}
