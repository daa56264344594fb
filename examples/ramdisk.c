// SPDX-License-Identifier: MIT
/*
 * ramdisk.c - a disk without hardware: the smallest driver of the block class.
 *
 *	ramdisk size=64M none			a disk of zeros, forgotten at the end
 *	ramdisk file=/dev/shm/disk none		the file's pages: they outlive the driver
 *
 * More options: depth=N (31), cache=1 (the disk says that it has a write cache).
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
	char *mem;
	size_t size;
};

static int ramdisk_submit(struct udrv_dev *dev, unsigned int unit, struct udrv_blk_req *req)
{
	struct ramdisk *r = udrv_priv(dev);
	char *at = r->mem + req->sector * UDRV_BLK_SECTOR;
	int ret = 0;

	switch (req->op) {
	case UDRV_BLK_READ:
		memcpy(req->buf.va, at, req->buf.len);
		break;
	case UDRV_BLK_WRITE:
		memcpy(at, req->buf.va, req->buf.len);
		break;
	case UDRV_BLK_DISCARD:
		memset(at, 0, (size_t)req->nsect * UDRV_BLK_SECTOR);
		break;
	case UDRV_BLK_FLUSH:
		ret = msync(r->mem, r->size, MS_SYNC) ? -errno : 0;
		break;
	}
	udrv_blk_done(req, ret);
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
	return n > SIZE_MAX / 2 ? 0 : n & ~4095ull;
}

static int open_memory(struct udrv_dev *dev, struct ramdisk *r)
{
	const char *file = udrv_option(dev, "file"), *size = udrv_option(dev, "size");
	struct stat st;
	int fd = -1;

	r->size = parse_size(size ? size : "64M");
	if (file) {
		fd = open(file, O_RDWR | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st)) {
			udrv_log(dev, UDRV_ERR, "file=%s: %s", file, strerror(errno));
			return -errno;
		}
		r->size = (size_t)st.st_size & ~(size_t)4095;
	}
	if (!r->size) {
		udrv_log(dev, UDRV_ERR, "%s: expected %s of 4K or more", file ? file : size,
			 file ? "a file" : "a size such as 64M");
		return -EINVAL;
	}
	r->mem = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		      file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	if (fd >= 0)
		close(fd);
	return r->mem == MAP_FAILED ? -errno : 0;
}

static int ramdisk_start(struct udrv_dev *dev)
{
	static const struct udrv_blk_ops ops = { .submit = ramdisk_submit };
	const char *depth = udrv_option(dev, "depth"), *cache = udrv_option(dev, "cache");
	struct ramdisk *r = udrv_priv(dev);
	int ret = open_memory(dev, r);
	struct udrv_blk_limits limits = {
		.sectors = r->size / UDRV_BLK_SECTOR,
		.logical_block = 512,
		.physical_block = 4096,
		.max_sectors = 256,		/* 128 KiB: 32 of them are 4 MiB of buffers */
		.max_discard_sectors = 65536,
		.depth = depth ? (uint32_t)atoi(depth) : 31,
		.flags = cache && !strcmp(cache, "1") ? UDRV_BLK_WRITE_CACHE : 0,
	};

	return ret ? ret : udrv_blk_start(&r->blk, dev, &ops, 0, &limits);
}

static void ramdisk_stop(struct udrv_dev *dev)
{
	struct ramdisk *r = udrv_priv(dev);

	udrv_blk_stop(&r->blk);
	munmap(r->mem, r->size);
}

static const struct udrv_driver ramdisk_driver = {
	.name = "ramdisk", .priv_size = sizeof(struct ramdisk), .dma_size = 4 << 20,
	.start = ramdisk_start, .stop = ramdisk_stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&ramdisk_driver, argc, argv);
}
