// SPDX-License-Identifier: MIT
/* open.c - a bound device as descriptors: container, group, device, irq. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
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
		return udrv_host_fail(err, -EBUSY, "%s: another process drives it (%s is open)",
				      i->bdf, path);
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
		return udrv_host_fail(err, -errno, "%s: the IOMMU cannot be set up: %s", i->bdf,
				      strerror(errno));
	return 0;
}

static uint64_t config_offset(int device)
{
	struct vfio_region_info cfg = {
		.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &cfg) ? UINT64_MAX : cfg.offset;
}

static int bus_master_off(int device)
{
	uint64_t at = config_offset(device);
	uint16_t cmd;

	if (at == UINT64_MAX || pread(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2)
		return -EIO;
	cmd &= (uint16_t)~PCI_COMMAND_MASTER;
	if (pwrite(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2 ||
	    pread(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2)
		return -EIO;
	return cmd & PCI_COMMAND_MASTER ? -EIO : 0;
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

	if (strcmp(i->driver, "udrv") || !has_intx(v->device))
		return 0;
	v->irq = ioctl(v->device, UDRV_IOCTL_IRQ_FD, &req);
	if (v->irq < 0)
		return udrv_host_fail(err, -errno, "%s: its interrupt cannot be opened: %s%s",
			i->bdf, strerror(errno),
			errno == EBUSY ? " (somebody has the line open through /proc/irq)" : "");
	return 0;
}

int udrv_host_open(const char *bdf, struct udrv_host_vfio *out, struct udrv_error *err)
{
	struct udrv_host_vfio v = { -1, -1, -1, -1 };
	struct udrv_host_info i;
	int ret;

	ret = udrv_host_info(bdf, &i, err);
	if (ret)
		return ret;
	if (strcmp(i.driver, "udrv") && strcmp(i.driver, "vfio-pci"))
		return udrv_host_fail(err, -EBUSY, "%s: is driven by %s%s%s; give it to us with: udrvctl bind %s",
			i.bdf, i.driver[0] ? i.driver : "nobody", i.user[0] ? ", " : "", i.user,
			i.bdf);
	if (i.iommu_group < 0)
		return udrv_host_fail(err, -ENODEV, "%s: has no IOMMU group", i.bdf);

	ret = open_group(&i, &v, err);
	if (!ret)
		ret = open_container(&i, &v, err);
	if (!ret) {
		v.device = ioctl(v.group, VFIO_GROUP_GET_DEVICE_FD, i.bdf);
		if (v.device < 0)
			ret = udrv_host_fail(err, -errno, "%s: cannot be opened: %s", i.bdf,
					     strerror(errno));
		else
			fcntl(v.device, F_SETFD, FD_CLOEXEC);
	}
	/* Whatever ran on it before must not run now. */
	if (!ret && (ret = bus_master_off(v.device)))
		udrv_host_fail(err, ret, "%s: does not answer", i.bdf);
	if (!ret)
		ret = open_irq(&i, &v, err);
	if (ret) {
		udrv_host_close(&v);
		return ret;
	}
	*out = v;
	return 0;
}

void udrv_host_close(struct udrv_host_vfio *v)
{
	int *fds[] = { &v->irq, &v->device, &v->group, &v->container };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* EINVAL says that this kind was not in use, EBUSY that udrv.ko has it. */
static int irqs_off(int device)
{
	static const uint32_t kinds[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
	};
	int ret = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct vfio_irq_set set = {
			.argsz = sizeof(set), .index = kinds[k],
			.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		};

		if (ioctl(device, VFIO_DEVICE_SET_IRQS, &set) && errno != EINVAL && errno != EBUSY)
			ret = -errno;
	}
	return ret;
}

/* The readable descriptor stays ours; masked, it stays silent until the next
 * driver's first read. */
static int irqs_quiet(const struct udrv_host_vfio *v)
{
	uint32_t mask = 0;

	if (v->irq >= 0 && write(v->irq, &mask, sizeof(mask)) != sizeof(mask))
		return -errno;
	return irqs_off(v->device);
}

static int generic_reset(int device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(device, VFIO_DEVICE_GET_INFO, &info))
		return -errno;
	if (!(info.flags & VFIO_DEVICE_FLAGS_RESET))
		return -ENOTSUP;
	return ioctl(device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int unmap_all(int container)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int udrv_host_quiesce(const struct udrv_host_vfio *v, struct udrv_quiesce_log *log)
{
	int ret = 0;

	for (int step = 0; step < UDRV_QUIESCE_STEPS; step++) {
		int r = 0;

		switch ((enum udrv_quiesce)step) {
		case UDRV_QUIESCE_BUS_MASTER: r = bus_master_off(v->device); break;
		case UDRV_QUIESCE_IRQS:	r = irqs_quiet(v); break;
		case UDRV_QUIESCE_RESET: r = generic_reset(v->device); break;
		case UDRV_QUIESCE_UNMAP: r = unmap_all(v->container); break;
		case UDRV_QUIESCE_STEPS: break;
		}
		log->result[step] = r;
		log->when[step] = now_ns();
		if (r && r != -ENOTSUP && !ret)
			ret = r;
	}
	return ret;
}
