/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * udrv.ko: interrupts as readable descriptors.
 *
 * Who is who:
 *   udrv_dev	a PCI device bound to us: a VFIO device with a guard on its INTx
 *   udrv_line	a Linux irq number: an INTx line with the devices on it, or
 *		one that a single owner requests: an MSI or MSI-X vector, or a
 *		line that no PCI device asserts
 *   udrv_desc	an open descriptor: of a whole line, or of one device on it
 *
 * MSI and MSI-X.  All vectors that the device has are allocated when the first
 * descriptor is opened, and freed when the last one is closed or the device
 * leaves us; each is requested while it is open.  That is so whatever becomes
 * of the VFIO device: resets and changes of power state go through the PCI
 * core, which restores vectors that exist.  A descriptor of the INTx may be open
 * at the same time: a supervisor keeps one for a driver that has chosen MSI, and
 * a device with MSI enabled does not assert INTx.
 *
 * Locks, from the outside in:
 *   udrv_lines_lock	which lines exist and who is on them; held by probe and
 *			remove only, also across proc_remove()
 *   dev->msi_lock	who has which vector; inside VFIO's dev_set->lock, outside
 *			its igate and memory_lock
 *   udrv_isa_lock	which ISA lines exist; held also across proc_remove()
 *   line->claim	who owns which interrupt; never held while user memory is
 *			touched, which may take for ever
 *   line->lock		what the interrupt handler shares with everybody else
 *   dev->gate_lock	whether the device's vectors are all shut
 */
#ifndef KSHIM_UDRV_H
#define KSHIM_UDRV_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct udrv_desc;

/* What differs between kinds of lines. */
struct udrv_line_ops {
	/* Become the owner, and arm; and undo it.  May sleep. */
	int (*open)(struct udrv_desc *desc);
	void (*close)(struct udrv_desc *desc);
	/* Let the next interrupt through; let none through.  line->lock is held. */
	void (*rearm)(struct udrv_desc *desc);
	void (*mask)(struct udrv_desc *desc);
	/* Optional: a storm is over, which mask() saw begin.  line->lock is held. */
	void (*calm)(struct udrv_desc *desc);
};

struct udrv_line {
	const struct udrv_line_ops *ops;
	struct kref ref;		/* one per device, one per descriptor */
	struct list_head node;
	int irq;
	struct proc_dir_entry *proc;

	struct mutex claim;		/* who owns which interrupt */
	struct udrv_desc *desc;		/* opened the whole line; claim and lock */

	spinlock_t lock;		/* shared with the interrupt handler */
	struct list_head devs;		/* INTx; claim and lock */

	/* A line with one owner (sole.c). */
	struct udrv_dev *dev;		/* NULL: has none, or has it no longer */
	unsigned int vector;
	char name[32];
	bool off;			/* masked; lock */
	bool level;			/* arrival masks it */
	struct udrv_dev *owner;		/* a vector's, for good: we hold a reference */
	bool pending;			/* a vector's: one came while it was off; lock */
	bool gated;			/* a vector's: it keeps the gate shut; lock */
	bool gone;			/* claim: no more owners */
};

struct udrv_dev {
	struct vfio_pci_core_device core;	/* first: VFIO's own pointer */
	struct udrv_line *line;		/* NULL: no INTx that we can mask */
	struct list_head on_line;
	int irq;			/* pdev->irq changes with MSI */
	char irq_name[32];
	bool leaving;			/* line->claim: no more owners */
	atomic_t storms;		/* how often it was too much */
	struct kernfs_node *storms_file;

	struct mutex msi_lock;		/* for the next five */
	struct list_head vectors;	/* the open ones, of msi_index */
	u32 msi_index;
	struct msi_desc *msi_bits;	/* NULL: no mask bits in config space */
	bool msi_gone;			/* no more owners */
	unsigned int vfio_calls;	/* SET_IRQS under way; no vectors then */
	spinlock_t gate_lock;
	unsigned int gated;		/* vectors that keep the gate shut; gate_lock */

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
	struct task_struct *reader;	/* waits without a queue */
	u64 count;			/* since the last read */
	u64 ns;				/* of the newest */
	u32 flags;			/* UDRV_IRQ_STORM, for the next read */
	bool user_masked;		/* by write(): reads do not re-arm */
	bool storm;			/* too many: masked until calm runs */
	unsigned int burst;		/* so many ... */
	u64 since;			/* ... since then, ns */
	struct delayed_work calm;
	bool dead;			/* the last device has gone */
	struct rcu_head rcu;
};

/* Who owns which of a device's interrupts; a device without a line has no INTx. */
static inline void udrv_claim_lock(struct udrv_dev *dev)
{
	if (dev->line)
		mutex_lock(&dev->line->claim);
}

static inline void udrv_claim_unlock(struct udrv_dev *dev)
{
	if (dev->line)
		mutex_unlock(&dev->line->claim);
}

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

struct udrv_line *udrv_line_new(int irq, const struct udrv_line_ops *ops);

/* intx.c */
extern const struct udrv_line_ops udrv_intx_ops;
int udrv_intx_claim(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_intx_unclaim(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_intx_shut(struct udrv_dev *dev);

/* sole.c */
irqreturn_t udrv_sole_irq(int irq, void *line);
int udrv_sole_request(struct udrv_desc *desc, irq_handler_t handler);
void udrv_sole_free(struct udrv_line *line);
void udrv_sole_rearm(struct udrv_desc *desc);
void udrv_sole_mask(struct udrv_desc *desc);

/* msi.c */
void udrv_msi_init(struct udrv_dev *dev);
int udrv_msi_open(struct udrv_dev *dev, u32 index, u32 vector, struct udrv_desc **out);
bool udrv_msi_before_vfio(struct udrv_dev *dev);
void udrv_msi_after_vfio(struct udrv_dev *dev);
void udrv_msi_part(struct udrv_dev *dev);

/* gate.c */
void udrv_gate_init(struct udrv_dev *dev);
void udrv_gate_sync(struct udrv_dev *dev);
void udrv_gate_shut(struct udrv_line *line);
void udrv_gate_open(struct udrv_line *line);

/* isa.c */
void udrv_isa_join(struct udrv_dev *dev);
void udrv_isa_part(struct udrv_dev *dev);
int udrv_isa_init(void);
void udrv_isa_exit(void);

/* storm.c */
extern const struct attribute_group *udrv_storm_groups[];
int udrv_storm_join(struct udrv_dev *dev);
void udrv_storm_leave(struct udrv_dev *dev);
void udrv_storm_init(struct udrv_desc *desc);
bool udrv_storm(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_storm_end(struct udrv_desc *desc);

/* desc.c */
int udrv_desc_open(struct udrv_line *line, struct udrv_dev *dev, struct udrv_desc **out);
void udrv_desc_close(struct udrv_desc *desc);
void udrv_desc_count(struct udrv_desc *desc, struct udrv_dev *dev);
void udrv_desc_rearm(struct udrv_desc *desc);
void udrv_desc_kill(struct udrv_desc *desc);
long udrv_desc_ioctl(struct udrv_dev *dev, unsigned long arg);
extern const struct proc_ops udrv_proc_ops;

#endif /* KSHIM_UDRV_H */
