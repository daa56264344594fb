/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What udrv.ko and user space say to each other about interrupts.
 *
 * A readable interrupt descriptor is got in two ways: by opening
 * /proc/irq/N/irq (a whole line: every device on it that udrv.ko drives), or
 * by UDRV_IOCTL_IRQ_FD on the VFIO device descriptor of a device bound to
 * udrv.ko (that device alone).
 *
 * read() re-arms the line if the last interrupt left it masked, waits until at
 * least one interrupt came since the last read, and returns the count.  A level
 * interrupt stays masked from its arrival to the next read or poll, so serve
 * the device in between.  The size asked for selects the form:
 *   1	one byte, the count, saturated at 255
 *   4	u32 count
 *   8	u64 count
 *   >= 16	struct udrv_irq_event (16 bytes are returned)
 * Other sizes: EINVAL.  O_NONBLOCK and nothing pending: EAGAIN.  The device
 * is gone: ENODEV.  poll() re-arms like read() does and reports POLLIN;
 * edge-triggered users read to EAGAIN.
 * write() of a u32: 0 masks, until 1 unmasks: reads in between do not re-arm.
 * Other values and sizes: EINVAL.
 */
#ifndef UDRV_IRQ_ABI_H
#define UDRV_IRQ_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct udrv_irq_event {
	__u32 count;		/* interrupts since the last read, >= 1 */
	__u32 flags;		/* UDRV_IRQ_*; unknown bits are to be ignored */
	__u64 ns;		/* CLOCK_MONOTONIC of the newest one */
};

#define UDRV_IRQ_SATURATED	(1u << 0)	/* count did not fit */
#define UDRV_IRQ_STORM		(1u << 1)	/* too many: masked for a while */

/* index: VFIO_PCI_{INTX,MSI,MSIX}_IRQ_INDEX; vector: 0 for INTx. */
struct udrv_irq_fd {
	__u32 argsz;		/* sizeof(struct udrv_irq_fd) */
	__u32 flags;		/* O_CLOEXEC and O_NONBLOCK are understood */
	__u32 index;
	__u32 vector;
};

/*
 * Returns a descriptor.  EBUSY: the interrupt is open already, as a line or
 * through VFIO_DEVICE_SET_IRQS.  EINVAL: no such interrupt.
 */
#define UDRV_IOCTL_IRQ_FD	_IOW('U', 0xd0, struct udrv_irq_fd)

#endif /* UDRV_IRQ_ABI_H */
