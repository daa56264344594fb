/* SPDX-License-Identifier: MIT */
/*
 * A fixture: an edu device with MSI and an e1000e with MSI-X, each open through
 * VFIO and allowed to send.
 */
#ifndef TESTS_VM_IRQVEC_H
#define TESTS_VM_IRQVEC_H

#include "irqlib.h"

enum { NIC_VECTORS = 5 };

extern struct edu edu, nic;
extern struct vfio v, vn;
extern int fds[NIC_VECTORS];		/* what a test opens; closed after it */

int vec_setup(void **state);
int vec_teardown(void **state);
void drop(int i);			/* close fds[i] */
/* The command register: 0x2 memory, 0x4 bus master. */
void command(struct vfio *dev, uint16_t value);

/* UDRV_IOCTL_IRQ_FD: a descriptor or -errno. */
int irq_fd(struct vfio *dev, uint32_t index, uint32_t vector, uint32_t flags);
int msi(uint32_t flags);		/* the edu's */
int msix(uint32_t vector);		/* the e1000e's, O_NONBLOCK */

void nic_raise(unsigned int vector);
/*
 * What one nic_raise() brings: QEMU's chip sends some again when its throttle of
 * 128 us ends, so this is 1 or 2.  Also, QEMU aborts when MSI-X is switched off
 * before that, so nothing may be raised without this afterwards.
 */
unsigned int nic_count(unsigned int vector);

/* By the name in /proc/interrupts: how often, on this CPU or (-1) on both. */
unsigned long named(const char *name, int cpu);
int irq_named(const char *name);	/* its number, -1: none */

#endif /* TESTS_VM_IRQVEC_H */
