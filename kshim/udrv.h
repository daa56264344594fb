/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * udrv.ko: interrupts as readable descriptors.
 *
 * Who is who:
 *   udrv_dev	a PCI device bound to us: a VFIO device with a guard on its INTx
 *   udrv_line	an interrupt line (a Linux irq number) and the devices on it
 *   udrv_desc	an open descriptor: of a whole line, or of one device on it
 *
 * Locks, from the outside in:
 *   udrv_lines_lock	which lines exist and who is on them; held by probe and
 *			remove only, also across proc_remove()
 *   line->claim	who owns which interrupt; never held while user memory is
 *			touched, which may take for ever
 *   line->lock		what the interrupt handler shares with everybody else
 */
#ifndef KSHIM_UDRV_H
#define KSHIM_UDRV_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>

struct udrv_desc;

struct udrv_line {
	struct kref ref;		/* one per device, one per descriptor */
	struct list_head node;
	int irq;
	struct proc_dir_entry *proc;

	struct mutex claim;		/* who owns which interrupt */
	struct udrv_desc *desc;		/* opened the whole line; claim and lock */

	spinlock_t lock;		/* shared with the interrupt handler */
	struct list_head devs;		/* claim and lock */
};

struct udrv_dev {
	struct vfio_pci_core_device core;	/* first: VFIO's own pointer */
	struct udrv_line *line;		/* NULL: no INTx that we can mask */
	struct list_head on_line;
	int irq;			/* pdev->irq changes with MSI */
	char irq_name[32];
	bool leaving;			/* line->claim: no more owners */

	/* line->lock */
	struct udrv_desc *desc;		/* who gets its interrupts */
	bool masked;			/* INTx disable bit is set, by us or by somebody */
	u8 believed;			/* interrupts since masked was last known for sure */
	bool vfio_intx;			/* VFIO's own handler masks and unmasks */
	unsigned int changing;		/* calls that may change vfio_intx; claim, too */
	bool held;			/* and the line is disabled meanwhile */
};

struct udrv_desc {
	struct udrv_line *line;		/* holds a reference */
	struct udrv_dev *dev;		/* NULL: the whole line */
	wait_queue_head_t wait;
	/* line->lock */
	u64 count;			/* since the last read */
	u64 ns;				/* of the newest */
	bool user_masked;		/* by write(): reads do not re-arm */
	bool dead;			/* the last device has gone */
	struct rcu_head rcu;
};

/* line.c */
int udrv_line_join(struct udrv_dev *dev);
void udrv_line_part(struct udrv_dev *dev);
void udrv_line_leave(struct udrv_dev *dev);
void udrv_line_get(struct udrv_line *line);
void udrv_line_put(struct udrv_line *line);
void udrv_line_guard(struct udrv_dev *dev);
void udrv_line_sync(struct udrv_dev *dev);
void udrv_line_change(struct udrv_dev *dev);
void udrv_line_settle(struct udrv_dev *dev);

/* desc.c */
int udrv_desc_open(struct udrv_line *line, struct udrv_dev *dev, struct udrv_desc **out);
int udrv_desc_claim(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_desc_unclaim(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_desc_close(struct udrv_desc *desc);
void udrv_desc_count(struct udrv_desc *desc);
void udrv_desc_rearm(struct udrv_desc *desc);
void udrv_desc_kill(struct udrv_desc *desc);
long udrv_desc_ioctl(struct udrv_dev *dev, unsigned long arg);
extern const struct proc_ops udrv_proc_ops;

#endif /* KSHIM_UDRV_H */
