// SPDX-License-Identifier: MIT
/*
 * ramdisk.c - a disk without hardware: the smallest driver of the block class.
 *
 *	ramdisk size=64M none			a disk of zeros, forgotten at the end
 *	ramdisk file=/dev/shm/disk none		in a file, which outlives the driver
 *
 * More options: depth=N (31), cache=1 (the disk says that it has a write cache),
 * fua=1 (and that it can write through it), id=1 (udrvd refuses another file).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <udrv/blk.h>
#include <unistd.h>

struct ramdisk {
	struct udrv_blk blk;
	int fd;
	size_t size;
	uint64_t id;
};

static uint64_t ramdisk_id(struct udrv_dev *dev, unsigned int unit)
{
	struct ramdisk *r = udrv_priv(dev);

	return r->id;
}

static int ramdisk_submit(struct udrv_dev *dev, unsigned int unit, struct udrv_blk_req *req)
{
	struct ramdisk *r = udrv_priv(dev);
	off_t at = (off_t)(req->sector * UDRV_BLK_SECTOR);
	off_t len = (off_t)req->nsect * UDRV_BLK_SECTOR;
	ssize_t n = len;

	switch (req->op) {
	case UDRV_BLK_READ:
		n = pread(r->fd, req->buf.va, req->buf.len, at);
		break;
	case UDRV_BLK_WRITE:
		n = pwrite(r->fd, req->buf.va, req->buf.len, at);
		break;
	case UDRV_BLK_DISCARD:
		if (fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len))
			n = -1;
		break;
	case UDRV_BLK_FLUSH:
		n = fdatasync(r->fd);
		break;
	}
	udrv_blk_done(req, n == len ? 0 : n < 0 ? -errno : -EIO);
	return 0;
}

/* "64M"; 0: not a size */
static size_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (*text < '0' || *text > '9' || (*end && (!unit || end[1])) || n > 1ull << 32)
		return 0;
	for (long i = unit ? unit - units + 1 : 0; i; i--)
		n *= 1024;
	return n > INT64_MAX ? 0 : n & ~4095ull;
}

static bool is_on(struct udrv_dev *dev, const char *option)
{
	const char *text = udrv_option(dev, option);

	return text && !strcmp(text, "1");
}

static int open_memory(struct udrv_dev *dev, struct ramdisk *r)
{
	const char *file = udrv_option(dev, "file"), *size = udrv_option(dev, "size");
	struct stat st = { .st_size = (off_t)parse_size(size ? size : "64M") };
	int ret = 0;

	r->fd = file ? open(file, O_RDWR | O_CLOEXEC) : memfd_create("ramdisk", MFD_CLOEXEC);
	if (r->fd < 0 || (file ? fstat(r->fd, &st) : ftruncate(r->fd, st.st_size))) {
		ret = -errno;
		udrv_log(dev, UDRV_ERR, "%s: %s", file ? file : "memory", strerror(-ret));
	}
	r->size = (size_t)st.st_size & ~(size_t)4095;
	r->id = file && is_on(dev, "id") ? st.st_ino : 0;
	if (!ret && !r->size) {
		udrv_log(dev, UDRV_ERR, "%s: expected %s of 4K or more", file ? file : size,
			 file ? "a file" : "a size such as 64M");
		ret = -EINVAL;
	}
	return ret;
}

static int ramdisk_start(struct udrv_dev *dev)
{
	static const struct udrv_blk_ops ops = { .submit = ramdisk_submit, .id = ramdisk_id };
	const char *depth = udrv_option(dev, "depth");
	struct ramdisk *r = udrv_priv(dev);
	int ret = open_memory(dev, r);
	struct udrv_blk_limits limits = {
		.sectors = r->size / UDRV_BLK_SECTOR,
		.logical_block = 512,
		.physical_block = 4096,
		.max_sectors = 256,		/* 128 KiB: 32 of them are 4 MiB of buffers */
		.max_discard_sectors = 65536,
		.depth = depth ? (uint32_t)atoi(depth) : 31,
		.flags = (is_on(dev, "cache") ? UDRV_BLK_WRITE_CACHE : 0) |
			 (is_on(dev, "fua") ? UDRV_BLK_FUA : 0),
	};

	return ret ? ret : udrv_blk_start(&r->blk, dev, &ops, 0, &limits);
}

static void ramdisk_stop(struct udrv_dev *dev)
{
	struct ramdisk *r = udrv_priv(dev);

	udrv_blk_stop(&r->blk);
	close(r->fd);
}

static const struct udrv_driver ramdisk_driver = {
	.name = "ramdisk", .resident = true,
	.priv_size = sizeof(struct ramdisk), .dma_size = 4 << 20,
	.start = ramdisk_start, .stop = ramdisk_stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&ramdisk_driver, argc, argv);
}
