// SPDX-License-Identifier: MIT
/*
 * backend_vfio_irq.c - interrupts through VFIO: udrv.ko's readable descriptor
 * where there is one, else an eventfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <udrv/irq_abi.h>

#include "backend_vfio.h"

static const uint32_t vfio_index[UDRV_IRQ_TYPES] = {
	[UDRV_IRQ_INTX]	= VFIO_PCI_INTX_IRQ_INDEX,
	[UDRV_IRQ_MSI]	= VFIO_PCI_MSI_IRQ_INDEX,
	[UDRV_IRQ_MSIX]	= VFIO_PCI_MSIX_IRQ_INDEX,
};

/* Within some milliseconds, but the host may be busy. */
#define RETRY_USEC	200
#define RETRY_MAX_USEC	1000000

unsigned int udrv_vfio_irq_count(struct udrv_dev *dev, enum udrv_irq_type type)
{
	struct udrv_vfio *v = dev->backend_data;
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = vfio_index[type] };

	if (type == UDRV_IRQ_INTX && v->isa[0] >= 0 && v->isa[1] >= 0)
		return 2;
	if (ioctl(v->device, VFIO_DEVICE_GET_IRQ_INFO, &info))
		return 0;
	return info.count;
}

/* Connect an eventfd to (index, vector), or disconnect it with fd -1. */
static int set_eventfd(struct udrv_vfio *v, uint32_t index, uint32_t vec, int32_t fd)
{
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} u = { .set = {
		.argsz = sizeof(u.bytes),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index, .start = vec, .count = 1,
	} };

	memcpy(u.set.data, &fd, sizeof(fd));
	return ioctl(v->device, VFIO_DEVICE_SET_IRQS, &u) ? -errno : 0;
}

static int intx_unmask(struct udrv_irq *irq)
{
	struct udrv_vfio *v = irq->dev->backend_data;
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		.index = VFIO_PCI_INTX_IRQ_INDEX, .start = 0, .count = 1,
	};

	return ioctl(v->device, VFIO_DEVICE_SET_IRQS, &set) ? -errno : 0;
}

/* With an eventfd of -1 VFIO keeps the interrupt; this gives all of it back. */
static void give_back(struct udrv_vfio *v, uint32_t index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index, .start = 0, .count = 0,
	};

	ioctl(v->device, VFIO_DEVICE_SET_IRQS, &set);
}

static void eventfd_close(struct udrv_irq *irq)
{
	uint32_t index = vfio_index[irq->dev->irq_type];

	for (unsigned int i = 0; i < UDRV_VECTORS; i++) {
		if (irq->dev->irqs[i]) {
			set_eventfd(irq->dev->backend_data, index, irq->vec, -1);
			return;
		}
	}
	give_back(irq->dev->backend_data, index);
}

static const struct udrv_irq_ops intx_ops = { .rearm = intx_unmask, .close = eventfd_close };
static const struct udrv_irq_ops msi_ops = { .close = eventfd_close };
/* udrv.ko: the next read re-arms. */
static const struct udrv_irq_ops irqfile_ops = { .rearm = NULL };

/* One that was opened for us, with the device or by our supervisor. */
static int open_inherited(int fd, struct udrv_irq *irq)
{
	uint32_t unmask = 1;

	/* Our supervisor masks it after a death. */
	if (write(fd, &unmask, sizeof(unmask)) != sizeof(unmask))
		return -errno;
	irq->fd = fd;
	irq->ops = &irqfile_ops;
	return 0;
}

static int open_readable(struct udrv_vfio *v, uint32_t index, struct udrv_irq *irq)
{
	struct udrv_irq_fd req = {
		.argsz = sizeof(req), .flags = O_CLOEXEC, .index = index, .vector = irq->vec,
	};

	/* A predecessor that was killed a moment ago may still have it: its
	 * io_uring, with a read in flight, is taken down by a worker of the kernel
	 * after the process is gone. */
	for (unsigned int waited = 0; ; waited += RETRY_USEC) {
		irq->fd = ioctl(v->device, UDRV_IOCTL_IRQ_FD, &req);
		if (irq->fd >= 0)
			break;
		if (errno != EBUSY || waited >= RETRY_MAX_USEC)
			return -errno;
		udrv_usleep(RETRY_USEC);
	}
	irq->own_fd = true;
	irq->ops = &irqfile_ops;
	return 0;
}

static int open_eventfd(struct udrv_vfio *v, uint32_t index, struct udrv_irq *irq)
{
	bool intx = index == VFIO_PCI_INTX_IRQ_INDEX;
	int ret;

	irq->fd = eventfd(0, EFD_CLOEXEC);
	if (irq->fd < 0)
		return -errno;
	ret = set_eventfd(v, index, irq->vec, irq->fd);
	/* A dead predecessor may have left the line masked. */
	if (!ret && intx)
		ret = intx_unmask(irq);
	if (ret) {
		close(irq->fd);
		irq->fd = -1;
		return ret;
	}
	irq->own_fd = true;
	irq->ops = intx ? &intx_ops : &msi_ops;
	return 0;
}

int udrv_vfio_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq)
{
	struct udrv_vfio *v = dev->backend_data;
	uint32_t index = vfio_index[type];
	int ret;

	if (type == UDRV_IRQ_INTX && v->irq >= 0)
		return open_inherited(v->irq, irq);
	if (type == UDRV_IRQ_INTX && v->isa[0] >= 0 && irq->vec < 2)
		return open_inherited(v->isa[irq->vec], irq);
	ret = open_readable(v, index, irq);
	/* vfio-pci has none; nor has udrv.ko of an INTx that cannot be masked. */
	if (ret == -ENOTTY || (ret == -EINVAL && type == UDRV_IRQ_INTX))
		return open_eventfd(v, index, irq);
	return ret;
}

static void request_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_vfio *v = container_of(op, struct udrv_vfio, request_op);

	if (res < 0)
		return;
	udrv_log(v->dev, UDRV_WARN, "the kernel asks for the device back (unbind or unplug)");
	udrv_loop_stop(&v->dev->loop, -ENODEV);
}

/* Unbinding blocks until all users are gone; without this nobody tells them.
 * Not vital, so a kernel that refuses is no error. */
void udrv_vfio_watch_request(struct udrv_dev *dev)
{
	struct udrv_vfio *v = dev->backend_data;

	v->request_fd = eventfd(0, EFD_CLOEXEC);
	if (v->request_fd < 0)
		return;
	if (set_eventfd(v, VFIO_PCI_REQ_IRQ_INDEX, 0, v->request_fd)) {
		close(v->request_fd);
		v->request_fd = -1;
		return;
	}
	v->request_op.done = request_done;
	udrv_loop_poll(&dev->loop, v->request_fd, EPOLLIN, &v->request_op);
}
