/* SPDX-License-Identifier: MIT */
/*
 * What the programs that test interrupt descriptors share: QEMU's edu device
 * as a source of interrupts, and plain VFIO without libudrv, because it is the
 * kernel's side that is tested.
 */
#ifndef TESTS_VM_IRQLIB_H
#define TESTS_VM_IRQLIB_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>
#include <linux/vfio.h>
#include <udrv/irq_abi.h>

struct edu {
	const char *bdf;
	volatile uint32_t *regs;
	int irq;		/* its line */
};

struct vfio {
	int container, group, device;
	uint32_t ioas;		/* over iommufd, which is the container then; there is no group */
};

/* The device's registers through sysfs, so that nobody has it open. */
void edu_open(struct edu *edu, const char *bdf);
void device_open(struct edu *edu, const char *bdf);	/* any device: not looked at */
void edu_raise(struct edu *edu);		/* asserts INTx until edu_ack() */
void edu_ack(struct edu *edu);
bool edu_asserts(struct edu *edu);
/* In ms milliseconds, from a thread; edu_join() waits for it. */
void edu_raise_later(struct edu *edu, int ms);
void edu_join(void);

/* The file of the device's line: a descriptor, or -errno. */
int line_open(struct edu *edu, int flags);
/* How often line irq has been interrupted, by /proc/interrupts. */
unsigned long line_interrupts(int irq);

/* 0 or -errno; what was opened before an error is closed again.  UDRV_IOMMU=iommufd
 * opens its own node instead of its group. */
int vfio_open(struct vfio *v, const char *bdf);
void vfio_close(struct vfio *v);
/* VFIO_DEVICE_SET_IRQS with one descriptor, or with none (data NULL). */
int vfio_set_irqs(struct vfio *v, uint32_t flags, uint32_t index, uint32_t count,
		  const int32_t *fd);
int vfio_eventfd(struct vfio *v, uint32_t index, int32_t fd);	/* -1: disconnect */
/* UDRV_IOCTL_IRQ_FD: a descriptor, or -errno. */
int vfio_irq_fd(struct vfio *v, uint32_t flags);

/* read(): the result, or -errno. */
ssize_t get(int fd, void *to, size_t len);
int get_count(int fd);				/* of 4 bytes: count or -errno */
int put(int fd, uint32_t value);		/* write(): 0 or -errno */
bool readable(int fd, int ms);			/* poll() says POLLIN in time */
void nonblock(int fd, bool on);
void sleep_ms(int ms);
void wait_asleep(pid_t pid);	/* until a child sleeps, which it does in one place only */
/* A time limit, longer on a kernel that is slow because it checks itself (SLOW).
 * readable() and udrv_sysfs() apply it themselves. */
int slow_ms(int ms);
uint64_t now_ns(void);

/* bind/unbind through /sys/bus/pci/drivers/udrv, in a process that is given
 * ms milliseconds: 0, -errno, or -ETIME when it still hangs. */
int udrv_sysfs(const char *file, const char *bdf, int ms);

#endif /* TESTS_VM_IRQLIB_H */
