// SPDX-License-Identifier: MIT
/* iommu_iommufd.c - DMA mappings through an iommufd (iommufd_abi.h). */
#include <stdlib.h>

#include "backend_vfio.h"
#include "iommufd_abi.h"

static int iommufd_ranges(struct udrv_dev *dev, int fd)
{
	struct udrv_ioas_ranges q = { .size = sizeof(q) };
	struct udrv_ioas_range *r;
	int ret;

	ret = udrv_iommufd_ioas(fd, &q.ioas);
	if (ret)
		return ret;
	/* Asked for none, the kernel says how many there are. */
	if (ioctl(fd, UDRV_IOAS_RANGES, &q) && errno != EMSGSIZE)
		return -errno;
	r = calloc(q.n ? q.n : 1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	q.ranges = (uintptr_t)r;
	ret = ioctl(fd, UDRV_IOAS_RANGES, &q) ? -errno : 0;
	for (uint32_t i = 0; i < q.n && !ret; i++)
		ret = udrv_vfio_add_range(dev, r[i].start, r[i].last);
	free(r);
	return ret;
}

static int iommufd_map(int fd, void *va, size_t len, uint64_t iova)
{
	struct udrv_ioas_map map = {
		.size = sizeof(map), .flags = UDRV_IOAS_FIXED | UDRV_IOAS_WRITE | UDRV_IOAS_READ,
		.va = (uintptr_t)va, .len = len, .iova = iova,
	};
	int ret = udrv_iommufd_ioas(fd, &map.ioas);

	if (ret)
		return ret;
	return ioctl(fd, UDRV_IOAS_MAP, &map) ? -errno : 0;
}

static int iommufd_unmap(int fd, uint64_t iova, size_t len)
{
	struct udrv_ioas_unmap unmap = { .size = sizeof(unmap), .iova = iova, .len = len };
	int ret = udrv_iommufd_ioas(fd, &unmap.ioas);

	if (ret)
		return ret;
	return ioctl(fd, UDRV_IOAS_UNMAP, &unmap) ? -errno : 0;
}

const struct udrv_iommu_ops udrv_iommu_iommufd = {
	.name = "iommufd",
	.ranges = iommufd_ranges,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
};
