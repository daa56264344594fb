// SPDX-License-Identifier: MIT
/* abusedma.c - see abusedma.h. */
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include "../../libudrv/src/iommufd_abi.h"
#include "abusedma.h"

#define ARRAY(a)	(sizeof(a) / sizeof((a)[0]))

uint64_t seed = 1;

uint32_t rnd(uint32_t below)	/* xorshift64* */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

uint32_t value(uint32_t below)
{
	static const uint32_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	if (rnd(8))
		return rnd(below);
	return rnd(2) ? edges[rnd(ARRAY(edges))] : rnd(UINT32_MAX);
}

static long iommufd(const struct vfio *vfio, void *buffer)
{
	struct udrv_ioas_map map = {
		.size = rnd(16) ? sizeof(map) : value(64), .ioas = rnd(16) ? vfio->ioas : value(8),
		.flags = rnd(8) ? UDRV_IOAS_FIXED | UDRV_IOAS_READ | UDRV_IOAS_WRITE : value(16),
		.va = (uintptr_t)buffer, .iova = 4096ULL * value(16), .len = 4096ULL * value(3),
	};
	struct udrv_ioas_unmap unmap = {
		.size = rnd(16) ? sizeof(unmap) : value(64), .ioas = map.ioas,
		.iova = 4096ULL * value(16), .len = 4096ULL * value(16),
	};

	if (rnd(2))
		return ioctl(vfio->container, UDRV_IOAS_MAP, &map);
	return ioctl(vfio->container, UDRV_IOAS_UNMAP, &unmap);
}

static long type1(const struct vfio *vfio, void *buffer)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = rnd(16) ? sizeof(map) : value(64),
		.flags = rnd(8) ? VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE : value(8),
		.vaddr = (uintptr_t)buffer, .iova = 4096ULL * value(16), .size = 4096ULL * value(3),
	};
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = rnd(16) ? sizeof(unmap) : value(64),
		.iova = 4096ULL * value(16), .size = 4096ULL * value(16),
	};

	if (rnd(2))
		return ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &map);
	return ioctl(vfio->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

long abuse_dma(const struct vfio *vfio, void *buffer)
{
	return vfio->group < 0 ? iommufd(vfio, buffer) : type1(vfio, buffer);
}
