// SPDX-License-Identifier: MIT
/*
 * dma.c - what a device reaches whoever drives it.
 *
 * Mapping costs milliseconds (the pages are pinned), so memory that outlives
 * drivers is mapped once, by its keeper.  The addresses are above 16 MiB, clear of
 * what boards reserve, and low enough for chips with few address bits.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../src/iommufd_abi.h"
#include "host_internal.h"

#define FIRST_IOVA	0x1000000ull
#define ALIGN		0x200000ull	/* so that the IOMMU can use large pages */
#define PAGE		4096u
/* Linux 6.12's type 1 finds nothing in a range that ends with the last page: the sum
 * of address and length is 0 then. */
#define LAST_IOVA	(UINT64_MAX - PAGE)

static int do_map(int container, void *va, uint64_t len, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .vaddr = (uintptr_t)va, .iova = iova, .size = len,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};
	struct udrv_ioas_map m = {
		.size = sizeof(m), .flags = UDRV_IOAS_FIXED | UDRV_IOAS_WRITE | UDRV_IOAS_READ,
		.va = (uintptr_t)va, .len = len, .iova = iova,
	};

	if (!udrv_iommufd_ioas(container, &m.ioas))
		return ioctl(container, UDRV_IOAS_MAP, &m) ? -errno : 0;
	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

int udrv_host_keep(struct udrv_host_vfio *v, int fd, uint64_t off, uint64_t len,
		   struct udrv_host_map *map)
{
	struct udrv_host_map *last = v->n_kept ? &v->kept[v->n_kept - 1] : NULL;
	uint64_t iova = last ? (last->iova + last->len + ALIGN - 1) & ~(ALIGN - 1) : FIRST_IOVA;
	void *va;
	int ret;

	if (v->n_kept == UDRV_HOST_KEPT)
		return -ENOSPC;
	if (!len || (off | len) % PAGE)
		return -EINVAL;
	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)off);
	if (va == MAP_FAILED)
		return -errno;
	ret = do_map(v->container, va, len, iova);
	/* The pages stay pinned without our view of them. */
	munmap(va, len);
	if (ret)
		return ret;
	*map = v->kept[v->n_kept++] = (struct udrv_host_map){ iova, len };
	return 0;
}

/* All mappings within [start, last]; start 0, last UINT64_MAX: all there are. */
static int unmap(int container, uint64_t start, uint64_t last)
{
	bool all = !start && last == UINT64_MAX;
	struct vfio_iommu_type1_dma_unmap type1 = {
		.argsz = sizeof(type1), .iova = start, .size = all ? 0 : last - start + 1,
		.flags = all ? VFIO_DMA_UNMAP_FLAG_ALL : 0,
	};
	struct udrv_ioas_unmap u = {
		.size = sizeof(u), .iova = start, .len = all ? UINT64_MAX : last - start + 1,
	};

	if (udrv_iommufd_ioas(container, &u.ioas))
		return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &type1) ? -errno : 0;
	/* ENOENT: nothing was mapped there. */
	return ioctl(container, UDRV_IOAS_UNMAP, &u) && errno != ENOENT ? -errno : 0;
}

int udrv_host_dma_forget(int container, const struct udrv_host_map *kept, unsigned int n)
{
	uint64_t start = 0;
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++) {
		if (kept[i].iova > start)
			ret = unmap(container, start, kept[i].iova - 1);
		start = kept[i].iova + kept[i].len;
	}
	return ret ? ret : unmap(container, start, n ? LAST_IOVA : UINT64_MAX);
}
