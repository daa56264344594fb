// SPDX-License-Identifier: MIT
/*
 * backend_vfio_bar.c - BARs through VFIO: mapped where VFIO lets us, else
 * (I/O ports without leave to use them, small or MSI-X-shared BARs on some
 * kernels) read and written through the region.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend_vfio.h"

struct region {
	int fd;
	uint64_t off;
};

/* A register read cannot fail in hardware's terms: what is not there reads as
 * all ones, and so does a region whose device has gone. */
static uint32_t region_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	const struct region *r = bar->io_arg;
	uint32_t le = 0xffffffff;

	if (off > bar->len || width > bar->len - off ||
	    pread(r->fd, &le, width, (off_t)(r->off + off)) != (ssize_t)width)
		return 0xffffffff;
	return le32toh(le);
}

static void region_write(const struct udrv_bar *bar, size_t off, unsigned int width,
			 uint32_t val)
{
	const struct region *r = bar->io_arg;
	uint32_t le = htole32(val);

	if (off > bar->len || width > bar->len - off)
		return;
	/* A posted write that the device never sees: as in hardware. */
	if (pwrite(r->fd, &le, width, (off_t)(r->off + off)) < 0)
		return;
}

static const struct udrv_bar_io region_io = { .read = region_read, .write = region_write };

int udrv_vfio_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	struct udrv_vfio *v = dev->backend_data;
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_BAR0_REGION_INDEX + n,
	};
	struct region *r;

	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	if (!info.size)
		return -ENOENT;

	*bar = (struct udrv_bar){ .len = info.size };
	/* The flag says that mmap works, for a BAR with the MSI-X table too
	 * since Linux 4.16; older kernels refuse, then the region serves. */
	if (info.flags & VFIO_REGION_INFO_FLAG_MMAP) {
		void *va = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
				v->device, (off_t)info.offset);

		if (va != MAP_FAILED) {
			bar->base = va;
			return 0;
		}
	}
	if (udrv_vfio_ports_map(dev, n, bar))
		return 0;
	r = malloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct region){ v->device, info.offset };
	bar->io = &region_io;
	bar->io_arg = r;
	return 0;
}

void udrv_vfio_bar_unmap(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	if (bar->io == &region_io)
		free(bar->io_arg);
	else if (!bar->io)
		munmap((void *)bar->base, bar->len);
}
