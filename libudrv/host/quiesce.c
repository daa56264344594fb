// SPDX-License-Identifier: MIT
/* quiesce.c - silence a device whose driver has died. */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "host_internal.h"

static uint64_t config_offset(int device)
{
	struct vfio_region_info cfg = {
		.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &cfg) ? UINT64_MAX : cfg.offset;
}

int udrv_host_bus_master_off(int device)
{
	uint64_t at = config_offset(device);
	uint16_t cmd;

	if (at == UINT64_MAX || pread(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2)
		return -EIO;
	cmd &= htole16((uint16_t)~PCI_COMMAND_MASTER);
	if (pwrite(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2 ||
	    pread(device, &cmd, 2, (off_t)(at + PCI_COMMAND)) != 2)
		return -EIO;
	return le16toh(cmd) & PCI_COMMAND_MASTER ? -EIO : 0;
}

/* EINVAL says that this kind was not in use, EBUSY that udrv.ko has it. */
static int vfio_irqs_off(int device)
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
 * driver unmasks it. */
int udrv_host_irqs_off(const struct udrv_host_vfio *v)
{
	const int fds[] = { v->irq, v->isa[0], v->isa[1] };
	uint32_t mask = 0;
	int off, ret = 0;

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0 && write(fds[i], &mask, sizeof(mask)) != sizeof(mask))
			ret = -errno;
	off = vfio_irqs_off(v->device);
	return ret ? ret : off;
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

/* If a driver has left it in disorder, all of it must go. */
static int unmap(struct udrv_host_vfio *v)
{
	if (!udrv_host_dma_forget(v->container, v->kept, v->n_kept))
		return 0;
	v->n_kept = 0;
	return udrv_host_dma_forget(v->container, NULL, 0);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int udrv_host_quiesce(struct udrv_host_vfio *v, struct udrv_quiesce_log *log)
{
	struct udrv_quiesce_log unused;
	int ret = 0;

	if (!log)
		log = &unused;

	for (int step = 0; step < UDRV_QUIESCE_STEPS; step++) {
		int r = 0;

		switch ((enum udrv_quiesce)step) {
		case UDRV_QUIESCE_BUS_MASTER: r = udrv_host_bus_master_off(v->device); break;
		case UDRV_QUIESCE_IRQS:	r = udrv_host_irqs_off(v); break;
		case UDRV_QUIESCE_RESET: r = generic_reset(v->device); break;
		case UDRV_QUIESCE_UNMAP: r = unmap(v); break;
		case UDRV_QUIESCE_STEPS: break;
		}
		log->result[step] = r;
		log->when[step] = now_ns();
		if (r && r != -ENOTSUP && !ret)
			ret = r;
	}
	return ret;
}
