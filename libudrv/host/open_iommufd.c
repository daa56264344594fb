// SPDX-License-Identifier: MIT
/*
 * open_iommufd.c - a bound device through its own node (/dev/vfio/devices) and
 * an iommufd.  The group is the kernel's affair then: it refuses to bind a
 * device of which somebody else drives the group.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/iommufd_abi.h"
#include "host_internal.h"

/* The device's node; -ENOENT: this kernel has none. */
static int find_node(const struct udrv_host_info *i, char *path, size_t size)
{
	char name[32];
	int ret;

	ret = udrv_host_first(name, sizeof(name), "/sys/bus/pci/devices/%s/vfio-dev", i->bdf);
	return ret ? ret : udrv_host_path(path, size, "/dev/vfio/devices/%s", name);
}

int udrv_host_iommufd(const struct udrv_host_info *i, bool *use, struct udrv_error *err)
{
	const char *wish = getenv("UDRV_IOMMU");
	char node[PATH_MAX];
	bool there;

	there = udrv_host_exists("/dev/iommu") && !find_node(i, node, sizeof(node)) &&
		!access(node, F_OK);
	*use = there;
	if (!wish || !wish[0])
		return 0;
	*use = !strcmp(wish, "iommufd");
	if (!*use && strcmp(wish, "type1") != 0)
		return udrv_host_fail(err, -EINVAL,
			"UDRV_IOMMU=%s: there are type1 and iommufd", wish);
	if (*use && !there)
		return udrv_host_fail(err, -ENOTSUP,
			"%s: UDRV_IOMMU=iommufd, but this kernel has no /dev/iommu or no node in "
			"/dev/vfio/devices for it (CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV); "
			"UDRV_IOMMU=type1 does without", i->bdf);
	return 0;
}

/* An address space of its own, the descriptor's default one. */
static int make_ioas(int fd, uint32_t *ioas)
{
	/* Locked memory is counted for the process, as type 1 does: drivers of
	 * one user would share one limit otherwise.  Unprivileged: then so. */
	struct udrv_iommufd_option per_process = {
		.size = sizeof(per_process), .option = UDRV_IOMMUFD_RLIMIT_MODE,
		.val = UDRV_IOMMUFD_PER_PROCESS,
	};
	struct udrv_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct udrv_ioas_default d = { .size = sizeof(d), .op = UDRV_IOAS_SET };

	if (ioctl(fd, UDRV_IOMMUFD_OPTION, &per_process) && errno != EPERM)
		return -errno;
	if (ioctl(fd, UDRV_IOAS_ALLOC, &alloc))
		return -errno;
	d.ioas = alloc.ioas;
	if (ioctl(fd, UDRV_IOAS_DEFAULT, &d))
		return -errno;
	*ioas = alloc.ioas;
	return 0;
}

/* The kernel's words for "taken" are EBUSY (its group is) and EINVAL (it is). */
static int cannot_bind(const struct udrv_host_info *i, int e, struct udrv_error *err)
{
	if (i->group_others)
		return udrv_host_fail(err, -EPERM,
			"%s: IOMMU group %d is not viable: %s is used by the kernel", i->bdf,
			i->iommu_group, i->group_other);
	if (e == EBUSY || (e == EINVAL && i->user[0]))
		return udrv_host_fail(err, -EBUSY, "%s: another process drives it%s%s", i->bdf,
				      i->user[0] ? ": " : "", i->user);
	return udrv_host_fail(err, -e, "%s: the iommufd does not take it: %s%s", i->bdf, strerror(e),
			      e == EPERM ? " (does the IOMMU remap interrupts? dmesg says)" : "");
}

int udrv_host_open_iommufd(const struct udrv_host_info *i, struct udrv_host_vfio *v,
			   struct udrv_error *err)
{
	struct udrv_vfio_bind bind = { .argsz = sizeof(bind) };
	struct udrv_vfio_attach attach = { .argsz = sizeof(attach) };
	char node[PATH_MAX];
	int ret;

	ret = find_node(i, node, sizeof(node));
	if (ret)
		return udrv_host_fail(err, ret, "%s: has no vfio-dev in sysfs", i->bdf);
	v->device = open(node, O_RDWR | O_CLOEXEC);
	if (v->device < 0)
		return udrv_host_fail(err, -errno, "%s: %s: %s%s", i->bdf, node, strerror(errno),
			errno == EACCES ? " (root, or a supervisor, must open it)" : "");
	v->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return udrv_host_fail(err, -errno, "/dev/iommu: %s%s", strerror(errno),
			errno == ENOENT || errno == ENODEV ? " (modprobe iommufd)" : "");
	ret = make_ioas(v->container, &attach.pt);
	if (ret)
		return udrv_host_fail(err, ret, "/dev/iommu: no address space: %s", strerror(-ret));
	bind.iommufd = v->container;
	if (ioctl(v->device, UDRV_VFIO_BIND, &bind))
		return cannot_bind(i, errno, err);
	if (ioctl(v->device, UDRV_VFIO_ATTACH, &attach))
		return udrv_host_fail(err, -errno, "%s: the IOMMU cannot be set up: %s", i->bdf,
				      strerror(errno));
	return 0;
}
