/* SPDX-License-Identifier: MIT */
/*
 * A fixture: one edu device, one descriptor of its interrupt, each test run on
 * both kinds of descriptor: the file of the line, and UDRV_IOCTL_IRQ_FD.
 */
#ifndef TESTS_VM_IRQBOTH_H
#define TESTS_VM_IRQBOTH_H

#include "irqlib.h"

extern struct edu edu;
extern struct vfio vfio;	/* open while by_device */
extern bool by_device;
extern int fd;			/* open, blocking, nothing counted */

int open_irq(void);		/* of the kind in turn: a descriptor, or -errno */
void interrupt(void);		/* raises it and waits until it is counted */
int irq_setup(void **state);
int irq_teardown(void **state);

#define TEST(f) { #f, f, irq_setup, irq_teardown, NULL }
/* The exit status of a program whose argument is the device. */
int run_both(int argc, char *argv[], const struct CMUnitTest *tests, size_t n);

#endif /* TESTS_VM_IRQBOTH_H */
