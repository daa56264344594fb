// SPDX-License-Identifier: MIT
/* open.c - a bound device as descriptors: container, group, device, irq. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <udrv/irq_abi.h>

#include "host_internal.h"

int udrv_host_memlock(size_t need, struct udrv_error *err)
{
	struct rlimit lim;
	size_t want = need + (1u << 20);	/* the ring and its like */

	if (getrlimit(RLIMIT_MEMLOCK, &lim))
		return udrv_host_fail(err, -errno, "RLIMIT_MEMLOCK: %s", strerror(errno));
	if (lim.rlim_cur == RLIM_INFINITY || lim.rlim_cur >= want)
		return 0;
	if (lim.rlim_max != RLIM_INFINITY && lim.rlim_max < want)
		lim.rlim_max = want;
	lim.rlim_cur = want;
	if (!setrlimit(RLIMIT_MEMLOCK, &lim))
		return 0;
	return udrv_host_fail(err, -ENOMEM,
		"the limit of locked memory is too low: DMA needs %zu KiB; raise it with ulimit -l, "
		"LimitMEMLOCK= (systemd) or memlock= (udrvd)", want >> 10);
}

static int open_group(const struct udrv_host_info *i, struct udrv_host_vfio *v,
		      struct udrv_error *err)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", i->iommu_group);
	v->group = open(path, O_RDWR | O_CLOEXEC);
	if (v->group < 0 && errno == EBUSY)
		return udrv_host_fail(err, -EBUSY, "%s: another process drives it%s%s", i->bdf,
				      i->user[0] ? ": " : "", i->user);
	if (v->group < 0)
		return udrv_host_fail(err, -errno, "%s: %s: %s%s", i->bdf, path, strerror(errno),
			errno == EACCES ? " (root, or a supervisor, must open it)" : "");
	if (ioctl(v->group, VFIO_GROUP_GET_STATUS, &status))
		return udrv_host_fail(err, -errno, "%s: %s: %s", i->bdf, path, strerror(errno));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return udrv_host_fail(err, -EPERM,
			"%s: IOMMU group %d is not viable: %s is used by the kernel", i->bdf,
			i->iommu_group, i->group_others ? i->group_other : "another device of it");
	return 0;
}

static int open_container(const struct udrv_host_info *i, struct udrv_host_vfio *v,
			  struct udrv_error *err)
{
	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return udrv_host_fail(err, -errno, "/dev/vfio/vfio: %s%s", strerror(errno),
			errno == ENOENT || errno == ENODEV ? " (modprobe vfio)" : "");
	if (ioctl(v->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(v->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
		return udrv_host_fail(err, -ENOTSUP,
			"this kernel's VFIO has no type 1 IOMMU (modprobe vfio_iommu_type1)");
	if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container) ||
	    ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return udrv_host_fail(err, -errno, "%s: the IOMMU cannot be set up: %s%s", i->bdf,
			strerror(errno),
			errno == EPERM ? " (does it remap interrupts? dmesg says)" : "");
	return 0;
}

static bool has_intx(int device)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_INTX_IRQ_INDEX };

	return !ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) && info.count;
}

/* A readable descriptor of INTx, from udrv.ko only. */
static int open_irq(const struct udrv_host_info *i, struct udrv_host_vfio *v,
		    struct udrv_error *err)
{
	struct udrv_irq_fd req = {
		.argsz = sizeof(req), .flags = O_CLOEXEC, .index = VFIO_PCI_INTX_IRQ_INDEX,
	};

	if (strcmp(i->driver, "udrv") != 0 || !has_intx(v->device))
		return 0;
	v->irq = ioctl(v->device, UDRV_IOCTL_IRQ_FD, &req);
	/* INTx that cannot be masked: VFIO's eventfd serves all the same. */
	if (v->irq < 0 && (errno == EINVAL || errno == ENOTTY))
		return 0;
	if (v->irq < 0)
		return udrv_host_fail(err, -errno, "%s: its interrupt cannot be opened: %s%s",
			i->bdf, strerror(errno),
			errno == EBUSY ? " (somebody has the line open through /proc/irq)" : "");
	return 0;
}

/* Interface bits of class 0101: a channel in native mode.  Only a controller
 * without any has both lines. */
#define IDE_NATIVE	0x05u

/* Lines 14 and 15.  Without them (an older udrv.ko, somebody else's) the drives
 * can be polled: no error. */
static void open_isa(const struct udrv_host_info *i, struct udrv_host_vfio *v)
{
	if (strcmp(i->driver, "udrv") != 0 || i->class_code >> 8 != 0x0101 ||
	    i->class_code & IDE_NATIVE)
		return;
	v->isa[0] = open("/proc/irq/14/irq", O_RDWR | O_CLOEXEC);
	v->isa[1] = open("/proc/irq/15/irq", O_RDWR | O_CLOEXEC);
	for (int n = 0; n < 2; n++) {
		if (v->isa[n] >= 0 && v->isa[!n] < 0) {
			close(v->isa[n]);
			v->isa[n] = -1;
		}
	}
}

static int open_type1(const struct udrv_host_info *i, struct udrv_host_vfio *v,
		      struct udrv_error *err)
{
	int ret = open_group(i, v, err);

	if (!ret)
		ret = open_container(i, v, err);
	if (ret)
		return ret;
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, i->bdf);
	if (v->device < 0)
		return udrv_host_fail(err, -errno, "%s: cannot be opened: %s", i->bdf,
				      strerror(errno));
	fcntl(v->device, F_SETFD, FD_CLOEXEC);
	return 0;
}

int udrv_host_open(const char *bdf, struct udrv_host_vfio *out, struct udrv_error *err)
{
	struct udrv_host_vfio v = UDRV_HOST_CLOSED;
	struct udrv_host_info i;
	bool iommufd;
	int ret;

	ret = udrv_host_info(bdf, &i, err);
	if (ret)
		return ret;
	if (!udrv_host_is_ours(i.driver))
		return udrv_host_fail(err, -EBUSY,
			"%s: its driver is %s, not udrv or vfio-pci%s%s; change that with: "
			"udrvctl bind %s", i.bdf, i.driver[0] ? i.driver : "none",
			i.user[0] ? ", and " : "", i.user, i.bdf);
	if (i.iommu_group < 0)
		return udrv_host_fail(err, -ENODEV, "%s: has no IOMMU group", i.bdf);

	ret = udrv_host_iommufd(&i, &iommufd, err);
	if (!ret)
		ret = iommufd ? udrv_host_open_iommufd(&i, &v, err) : open_type1(&i, &v, err);
	/* Whatever ran on it before must not run now. */
	if (!ret && (ret = udrv_host_bus_master_off(v.device)))
		udrv_host_fail(err, ret, "%s: does not answer", i.bdf);
	if (!ret)
		ret = open_irq(&i, &v, err);
	if (ret) {
		udrv_host_close(&v);
		return ret;
	}
	open_isa(&i, &v);
	*out = v;
	return 0;
}

void udrv_host_close(struct udrv_host_vfio *v)
{
	int *fds[] = { &v->isa[0], &v->isa[1], &v->irq, &v->device, &v->group, &v->container };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	v->n_kept = 0;
}
