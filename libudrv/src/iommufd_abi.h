/* SPDX-License-Identifier: MIT */
/*
 * iommufd_abi.h - what we use of the kernel's iommufd and of VFIO's device
 * nodes: Documentation/userspace-api/iommufd.rst.  Written down here, because
 * the headers of Debian 12 (6.1) do not have it.
 *
 * An iommufd of ours has one address space (IOAS).  Its number is needed for
 * every call, and a driver process inherits nothing but the descriptor: so who
 * opens it makes it the descriptor's default one (VFIO_IOAS), and the kernel
 * keeps the number.
 */
#ifndef UDRV_IOMMUFD_ABI_H
#define UDRV_IOMMUFD_ABI_H

#include <errno.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define UDRV_IOMMUFD_IO(n)	_IO(';', 0x80 + (n))

/* All: size is the structure's own. */
struct udrv_ioas_alloc {
	uint32_t size, flags, ioas;
};
#define UDRV_IOAS_ALLOC		UDRV_IOMMUFD_IO(1)

struct udrv_ioas_range {
	uint64_t start, last;
};
struct udrv_ioas_ranges {
	uint32_t size, ioas, n, reserved;
	uint64_t ranges;		/* address of n udrv_ioas_range */
	uint64_t alignment;
};
#define UDRV_IOAS_RANGES	UDRV_IOMMUFD_IO(4)	/* EMSGSIZE: n is how many there are */

enum { UDRV_IOAS_FIXED = 1, UDRV_IOAS_WRITE = 2, UDRV_IOAS_READ = 4 };
struct udrv_ioas_map {
	uint32_t size, flags, ioas, reserved;
	uint64_t va, len, iova;
};
#define UDRV_IOAS_MAP		UDRV_IOMMUFD_IO(5)

struct udrv_ioas_unmap {
	uint32_t size, ioas;
	uint64_t iova, len;		/* 0, UINT64_MAX: all */
};
#define UDRV_IOAS_UNMAP		UDRV_IOMMUFD_IO(6)

enum { UDRV_IOMMUFD_RLIMIT_MODE = 0, UDRV_IOMMUFD_PER_PROCESS = 1 };
struct udrv_iommufd_option {
	uint32_t size, option;
	uint16_t op, reserved;		/* op 0: set */
	uint32_t object;
	uint64_t val;
};
#define UDRV_IOMMUFD_OPTION	UDRV_IOMMUFD_IO(7)

enum { UDRV_IOAS_GET = 0, UDRV_IOAS_SET = 1 };
struct udrv_ioas_default {
	uint32_t size, ioas;
	uint16_t op, reserved;
};
#define UDRV_IOAS_DEFAULT	UDRV_IOMMUFD_IO(8)

/* On the VFIO device; argsz is the structure's own size. */
struct udrv_vfio_bind {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t devid;
};
#define UDRV_VFIO_BIND		_IO(VFIO_TYPE, VFIO_BASE + 18)

struct udrv_vfio_attach {
	uint32_t argsz, flags, pt;
};
#define UDRV_VFIO_ATTACH	_IO(VFIO_TYPE, VFIO_BASE + 19)

/* The address space of an iommufd; -errno: fd is none (a type 1 container). */
static inline int udrv_iommufd_ioas(int fd, uint32_t *ioas)
{
	struct udrv_ioas_default d = { .size = sizeof(d), .op = UDRV_IOAS_GET };

	if (ioctl(fd, UDRV_IOAS_DEFAULT, &d))
		return -errno;
	*ioas = d.ioas;
	return 0;
}

#endif /* UDRV_IOMMUFD_ABI_H */
