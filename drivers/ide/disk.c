// SPDX-License-Identifier: MIT
/* disk.c - the engine's drives as Linux block devices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

/* 256 KiB at once is the least: setting a command up is a small part of it; 1 MiB
 * the most, because others wait meanwhile.  A drive does one after the other; with
 * 8 the next is always there. */
#define MIN_LARGEST	512u		/* sectors */
#define MAX_LARGEST	2048u
#define DEPTH		7u
#define SPIN_US		100u
#define LINGER_US	400u
#define UNITS		(IDE_CHANNELS * IDE_DRIVES)
#define BUFFERS(sectors)	(UNITS * (DEPTH + 1) * (sectors) * (size_t)IDE_SECTOR)
#define TABLES		(64u << 10)

struct disk_req {
	struct ide_req ide;		/* first: disk_done() */
	struct udrv_blk_req *blk;
};

struct disks {
	struct ide ide;			/* first: ide.c finds it there */
	struct disk {
		struct udrv_blk blk;
		struct disk_req reqs[UDRV_BLK_DEPTH + 1];
		bool running;
	} unit[UNITS];
};

/* What the engine calls -ENODEV is an I/O error to the users of a disk. */
static int to_blk(int status)
{
	return status == -ENODEV || status == -EINVAL ? -EIO : status;
}

static void disk_done(struct ide_req *req, int status)
{
	struct disk_req *r = (struct disk_req *)req;

	udrv_blk_done(r->blk, to_blk(status));
}

static int disk_submit(struct udrv_dev *dev, unsigned int unit, struct udrv_blk_req *req)
{
	static const enum ide_op ops[] = {
		[UDRV_BLK_READ] = IDE_READ, [UDRV_BLK_WRITE] = IDE_WRITE,
		[UDRV_BLK_FLUSH] = IDE_FLUSH, [UDRV_BLK_DISCARD] = IDE_DISCARD,
	};
	struct disks *d = udrv_priv(dev);
	struct disk_req *r = &d->unit[unit].reqs[req->tag];

	*r = (struct disk_req){
		.ide = {
			.op = ops[req->op], .sector = req->sector, .nsect = req->nsect,
			.fua = req->fua, .buf = req->buf, .done = disk_done,
		},
		.blk = req,
	};
	/* While its data were copied the drive may have come to an end with another one:
	 * whose that is shall not wait for the next copy. */
	if (req->op == UDRV_BLK_WRITE && req->nsect > IDE_BRIEF) {
		ide_interrupt(&d->ide.ch[unit / IDE_DRIVES]);
		/* When the device is gone, what was asked of it waits for the next one. */
		if (!d->ide.gone)
			udrv_loop_push(udrv_loop(dev));
	}
	return to_blk(ide_submit(&d->ide, unit / IDE_DRIVES, unit % IDE_DRIVES, &r->ide));
}

static uint64_t disk_id(struct udrv_dev *dev, unsigned int unit)
{
	const struct ide *ide = udrv_priv(dev);

	return ide_id_hash(&ide->ch[unit / IDE_DRIVES].drives[unit % IDE_DRIVES].id);
}

/* As large as the memory given to us allows.  As if there were four disks: what is
 * true of one must not depend on whether another one still works. */
static uint32_t largest(struct udrv_dev *dev)
{
	uint32_t n = MIN_LARGEST;

	while (n < MAX_LARGEST && BUFFERS(2 * n) + TABLES <= udrv_dma_room(dev))
		n *= 2;
	return n;
}

static struct udrv_blk_limits limits_of(struct udrv_dev *dev, const struct ide_id *id)
{
	const struct ide *ide = udrv_priv(dev);

	return (struct udrv_blk_limits){
		.sectors = id->sectors,
		.logical_block = IDE_SECTOR,
		.physical_block = id->physical,
		.max_sectors = id->lba48 ? largest(dev) : IDE_MAX_LBA28,
		.max_discard_sectors = id->trim && !ide->pio ? IDE_MAX_TRIM & ~7u : 0,
		.depth = DEPTH,
		/* Without a word on its cache it may have one. */
		.flags = (id->write_cache || !id->cache_known ? UDRV_BLK_WRITE_CACHE : 0) |
			 /* Without it the kernel flushes after a write, once for many of them. */
			 (id->write_cache && id->fua ? UDRV_BLK_FUA : 0) |
			 (id->rotational ? UDRV_BLK_ROTATIONAL : 0),
	};
}

/* ---- options ------------------------------------------------------------------ */

static int option(struct udrv_dev *dev, const char *key, unsigned int max, unsigned int *val)
{
	const char *text = udrv_option(dev, key);
	unsigned long n;
	char *end;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n > max) {
		udrv_log(dev, UDRV_ERR, "%s=%s: expected a number from 0 to %u", key, text, max);
		return -EINVAL;
	}
	*val = (unsigned int)n;
	return 0;
}

static int options(struct udrv_dev *dev, struct ide *ide)
{
	unsigned int pio = 0, poll = 0, standby = 0, timeout = 30, spin = SPIN_US, linger = LINGER_US;
	int ret = option(dev, "pio", 1, &pio);

	if (!ret)
		ret = option(dev, "poll", 1, &poll);
	if (!ret)
		ret = option(dev, "standby", 1200, &standby);
	if (!ret)
		ret = option(dev, "timeout", 300, &timeout);
	if (!ret)
		ret = option(dev, "spin", 1000, &spin);
	if (!ret)
		ret = option(dev, "linger", 1000, &linger);
	udrv_loop_linger(udrv_loop(dev), linger);
	ide->pio = pio;
	ide->spin_us = spin;
	ide->polled = poll;
	ide->standby = (standby + 4) / 5;
	ide->timeout_ms = timeout ? timeout * 1000 : 1000;
	return ret;
}

/* ---- life --------------------------------------------------------------------------- */

static void stop_units(struct disks *d)
{
	for (unsigned int i = 0; i < UNITS; i++) {
		if (d->unit[i].running)
			udrv_blk_stop(&d->unit[i].blk);
		d->unit[i].running = false;
	}
}

/* A disk that our supervisor refuses is no reason for the others to wait, too. */
static int start_units(struct udrv_dev *dev, struct disks *d)
{
	static const struct udrv_blk_ops ops = { .submit = disk_submit, .id = disk_id };
	bool any = false;
	int refused = 0;

	for (unsigned int i = 0; i < UNITS; i++) {
		const struct ide_drive *drive = &d->ide.ch[i / IDE_DRIVES].drives[i % IDE_DRIVES];
		struct udrv_blk_limits limits;
		int ret;

		if (!drive->present)
			continue;
		limits = limits_of(dev, &drive->id);
		ret = udrv_blk_start(&d->unit[i].blk, dev, &ops, i, &limits);
		if (ret && ret != -ESTALE)
			return ret;
		d->unit[i].running = !ret;
		any |= !ret;
		if (ret)
			refused = ret;
	}
	return any ? 0 : refused;
}

static int disk_start(struct udrv_dev *dev)
{
	struct disks *d = udrv_priv(dev);
	int ret = options(dev, &d->ide);

	if (!ret)
		ret = ide_start(dev);
	if (ret)
		return ret;
	ret = start_units(dev, d);
	if (ret) {
		stop_units(d);
		ide_stop(dev);
	}
	return ret;
}

static void disk_stop(struct udrv_dev *dev)
{
	stop_units(udrv_priv(dev));
	ide_stop(dev);
}

const struct udrv_driver disk_driver = {
	.name = "ide", .ids = ide_ids, .regs = ide_names, .resident = true,
	.priv_size = sizeof(struct disks),
	.dma_size = BUFFERS(MIN_LARGEST) + TABLES,
	.reset = ide_reset, .start = disk_start, .stop = disk_stop,
};
