// SPDX-License-Identifier: MIT
/* iommu_type1.c - DMA mappings through a VFIO type 1 container. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "backend_vfio.h"

/* Find the capability in the answer, bounds checked: the chain's offsets are
 * relative to the start of info. */
static const struct vfio_info_cap_header *
find_cap(const struct vfio_iommu_type1_info *info, uint16_t id)
{
	uint32_t off = info->cap_offset;
	unsigned int hops = 0;

	while (off && off <= info->argsz - sizeof(struct vfio_info_cap_header) && hops++ < 32) {
		const struct vfio_info_cap_header *cap = (const void *)((const char *)info + off);

		if (cap->id == id)
			return cap;
		off = cap->next;
	}
	return NULL;
}

static int ranges_from(struct udrv_dev *dev, const struct vfio_iommu_type1_info *info)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap;
	int ret = 0;

	cap = (const void *)find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	/* Kernels before 5.4 do not tell: below the x86 MSI window is safe. */
	if (!(info->flags & VFIO_IOMMU_INFO_CAPS) || !cap)
		return udrv_vfio_add_range(dev, 0, 0xfedfffff);
	for (uint32_t i = 0; i < cap->nr_iovas && !ret; i++)
		ret = udrv_vfio_add_range(dev, cap->iova_ranges[i].start, cap->iova_ranges[i].end);
	return ret;
}

static int type1_ranges(struct udrv_dev *dev, int fd)
{
	struct vfio_iommu_type1_info *info, *bigger;
	uint32_t size = sizeof(*info);
	int ret;

	info = calloc(1, size);
	if (!info)
		return -ENOMEM;
	info->argsz = size;
	ret = ioctl(fd, VFIO_IOMMU_GET_INFO, info) ? -errno : 0;
	if (!ret && info->argsz > size) {
		size = info->argsz;
		bigger = realloc(info, size);
		if (bigger) {
			info = bigger;
			memset(info, 0, size);
			info->argsz = size;
			ret = ioctl(fd, VFIO_IOMMU_GET_INFO, info) ? -errno : 0;
		} else {
			ret = -ENOMEM;
		}
	}
	if (!ret)
		ret = ranges_from(dev, info);
	free(info);
	return ret;
}

static int type1_map(int fd, void *va, size_t len, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va, .iova = iova, .size = len,
	};

	return ioctl(fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int type1_unmap(int fd, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};

	return ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

const struct udrv_iommu_ops udrv_iommu_type1 = {
	.name = "type1",
	.ranges = type1_ranges,
	.map = type1_map,
	.unmap = type1_unmap,
};
