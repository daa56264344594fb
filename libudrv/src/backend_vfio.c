// SPDX-License-Identifier: MIT
/*
 * backend_vfio.c - a real device through VFIO, bound to udrv.ko or to stock
 * vfio-pci.  Under a supervisor all descriptors are inherited; by hand they
 * are opened here (udrv/host.h), which needs root.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <udrv/host.h>

#include "backend_vfio.h"
#include "iommufd_abi.h"

/* Keep the lowest 64 KiB unmapped: address 0 is what broken set-up code
 * programs by mistake, and the IOMMU then catches it. */
#define IOVA_FIRST	0x10000u

/* Not what our supervisor has mapped for good. */
int udrv_vfio_add_range(struct udrv_dev *dev, uint64_t start, uint64_t last)
{
	uint64_t iova, len;
	int ret;

	if (start < IOVA_FIRST)
		start = IOVA_FIRST;
	for (int i = 0; i < dev->fds.n; i++) {
		if (udrv_fds_mapped_nth(&dev->fds, i, &iova, &len) ||
		    iova > last || iova + len - 1 < start)
			continue;
		ret = iova > start ? udrv_vfio_add_range(dev, start, iova - 1) : 0;
		if (ret || iova + len - 1 >= last)
			return ret;
		return udrv_vfio_add_range(dev, iova + len, last);
	}
	return start > last ? 0 : udrv_iova_add(&dev->iova, start, last);
}

static int config_xfer(struct udrv_dev *dev, unsigned int off, unsigned int len,
		       uint32_t *val, bool write)
{
	struct udrv_vfio *v = dev->backend_data;
	uint32_t le = 0;
	ssize_t n;

	if (off + len > v->config_size)
		return -EINVAL;
	if (write) {
		le = htole32(*val);
		n = pwrite(v->device, &le, len, (off_t)(v->config_off + off));
	} else {
		n = pread(v->device, &le, len, (off_t)(v->config_off + off));
	}
	if (n != (ssize_t)len)
		return n < 0 ? -errno : -EIO;
	if (!write)
		*val = le32toh(le);
	return 0;
}

static int vfio_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			    uint32_t *val)
{
	return config_xfer(dev, off, len, val, false);
}

static int vfio_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			     uint32_t val)
{
	return config_xfer(dev, off, len, &val, true);
}

static int open_inherited(struct udrv_dev *dev, struct udrv_vfio *v)
{
	v->device = udrv_fds_find(&dev->fds, "device");
	if (v->device < 0) {
		udrv_log(dev, UDRV_ERR, "LISTEN_FDNAMES has no 'device'");
		return -EINVAL;
	}
	v->container = udrv_fds_find(&dev->fds, "container");
	v->irq = udrv_fds_find(&dev->fds, "irq");
	v->isa[0] = udrv_fds_find(&dev->fds, "irq14");
	v->isa[1] = udrv_fds_find(&dev->fds, "irq15");
	return udrv_vfio_ports_inherit(dev, v);
}

static int open_by_name(struct udrv_dev *dev, struct udrv_vfio *v, const char *name)
{
	struct udrv_host_vfio host;
	struct udrv_error err = { "" };
	char bdf[UDRV_BDF_LEN];
	int ret;

	ret = udrv_host_bdf(name, bdf, &err);
	if (!ret)
		ret = udrv_host_memlock(udrv_dma_size(dev->drv), &err);
	if (!ret)
		ret = udrv_host_open(bdf, &host, &err);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "%s", err.text[0] ? err.text : strerror(-ret));
		return ret;
	}
	memcpy(dev->name, bdf, sizeof(bdf));
	v->device = host.device;
	v->container = host.container;
	v->group = host.group;
	v->irq = host.irq;
	memcpy(v->isa, host.isa, sizeof(v->isa));
	v->own = true;
	udrv_host_ports_try(bdf, &v->ports);
	/* It just could be done; if not, nothing but time is lost. */
	if (udrv_host_ports_allow(&v->ports, true))
		memset(&v->ports, 0, sizeof(v->ports));
	return 0;
}

static int read_device_info(struct udrv_dev *dev, struct udrv_vfio *v)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_region_info cfg = {
		.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	if (ioctl(v->device, VFIO_DEVICE_GET_INFO, &info) ||
	    ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &cfg)) {
		int err = -errno;

		udrv_log(dev, UDRV_ERR, "not a VFIO device: %s", strerror(-err));
		return err;
	}
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI)) {
		udrv_log(dev, UDRV_ERR, "not a PCI device");
		return -ENODEV;
	}
	v->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	v->config_off = cfg.offset;
	v->config_size = cfg.size;
	return 0;
}

/* Whoever opened the descriptor has decided; it tells what it is. */
static const struct udrv_iommu_ops *iommu_of(int fd)
{
	uint32_t ioas;

	return udrv_iommufd_ioas(fd, &ioas) ? &udrv_iommu_type1 : &udrv_iommu_iommufd;
}

static int vfio_open(struct udrv_dev *dev, const char *name)
{
	struct udrv_vfio *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOMEM;
	v->device = v->container = v->group = v->irq = v->request_fd = -1;
	v->isa[0] = v->isa[1] = -1;
	v->dev = dev;
	dev->backend_data = v;

	ret = name ? open_by_name(dev, v, name) : open_inherited(dev, v);
	if (!ret)
		ret = read_device_info(dev, v);
	if (!ret && !dev->drv->halt && !dev->running)
		ret = udrv_bus_master(dev, false);
	if (!ret && v->container >= 0) {
		v->iommu = iommu_of(v->container);
		ret = v->iommu->ranges(dev, v->container);
		udrv_log(dev, ret ? UDRV_ERR : UDRV_DEBUG, "DMA through %s%s%s", v->iommu->name,
			 ret ? ": " : "", ret ? strerror(-ret) : "");
	}
	/* Under a supervisor that is asked, and ends us. */
	if (!ret && v->own)
		udrv_vfio_watch_request(dev);
	return ret;
}

static void vfio_close(struct udrv_dev *dev)
{
	struct udrv_vfio *v = dev->backend_data;

	if (v->request_fd >= 0)
		close(v->request_fd);
	if (v->own) {
		if (v->irq >= 0)
			close(v->irq);
		for (unsigned int i = 0; i < 2; i++)
			if (v->isa[i] >= 0)
				close(v->isa[i]);
		close(v->device);
		if (v->group >= 0)
			close(v->group);
		close(v->container);
	}
	free(v);
	dev->backend_data = NULL;
}

static int vfio_reset(struct udrv_dev *dev)
{
	struct udrv_vfio *v = dev->backend_data;

	if (!v->can_reset)
		return -ENOTSUP;
	return ioctl(v->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int vfio_dma_map(struct udrv_dev *dev, void *va, size_t len, uint64_t iova)
{
	struct udrv_vfio *v = dev->backend_data;

	if (v->container < 0)
		return -ENODEV;
	return v->iommu->map(v->container, va, len, iova);
}

static int vfio_dma_unmap(struct udrv_dev *dev, uint64_t iova, size_t len)
{
	struct udrv_vfio *v = dev->backend_data;

	if (v->container < 0)
		return -ENODEV;
	return v->iommu->unmap(v->container, iova, len);
}

static int vfio_dma_forget(struct udrv_dev *dev)
{
	struct udrv_vfio *v = dev->backend_data;
	struct udrv_host_map kept[UDRV_HOST_KEPT];
	unsigned int n = 0;

	for (int i = 0; i < dev->fds.n && n < UDRV_HOST_KEPT; i++)
		if (!udrv_fds_mapped_nth(&dev->fds, i, &kept[n].iova, &kept[n].len))
			n++;
	return v->container < 0 ? 0 : udrv_host_dma_forget(v->container, kept, n);
}

const struct udrv_backend_ops udrv_backend_vfio = {
	.name = "vfio",
	.open = vfio_open,
	.close = vfio_close,
	.config_read = vfio_config_read,
	.config_write = vfio_config_write,
	.bar_map = udrv_vfio_bar_map,
	.bar_unmap = udrv_vfio_bar_unmap,
	.reset = vfio_reset,
	.irq_count = udrv_vfio_irq_count,
	.irq_open = udrv_vfio_irq_open,
	.dma_map = vfio_dma_map,
	.dma_unmap = vfio_dma_unmap,
	.dma_forget = vfio_dma_forget,
};
