// SPDX-License-Identifier: MIT
/* limits.c - can there be such a disk?  Pure. */
#include "blk_internal.h"

static bool is_block(uint32_t bytes)
{
	return bytes >= 512 && bytes <= 4096 && !(bytes & (bytes - 1));
}

const char *udrv_blk_limits_check(const struct udrv_blk_limits *l)
{
	const uint32_t known = UDRV_BLK_WRITE_CACHE | UDRV_BLK_FUA | UDRV_BLK_ROTATIONAL |
			       UDRV_BLK_READ_ONLY;

	if (!l->sectors || l->sectors > INT64_MAX / UDRV_BLK_SECTOR)
		return "sectors must be 1 or more, below 2^63 bytes";
	if (!is_block(l->logical_block) || !is_block(l->physical_block))
		return "logical_block and physical_block must be 512, 1024, 2048 or 4096";
	if (l->logical_block > l->physical_block)
		return "physical_block must not be less than logical_block";
	if (l->sectors % (l->logical_block / UDRV_BLK_SECTOR))
		return "sectors must make whole logical blocks";
	if (!l->max_sectors || l->max_sectors % 8 || l->max_sectors > UDRV_BLK_MAX_SECTORS)
		return "max_sectors must be a multiple of 8 up to 8192";
	/* The kernel's nr_requests, which keeps one in reserve, is 4 or more. */
	if (l->depth < 4 || l->depth > UDRV_BLK_DEPTH)
		return "depth must be 4 to 127";
	if (l->flags & ~known)
		return "flags has bits that are none of enum udrv_blk_flag";
	if ((l->flags & UDRV_BLK_FUA) && !(l->flags & UDRV_BLK_WRITE_CACHE))
		return "UDRV_BLK_FUA makes sense with UDRV_BLK_WRITE_CACHE only";
	return NULL;
}
