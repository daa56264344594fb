// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that no PCI device asserts: 14 and 15 of an IDE function in its
 * compatibility mode, and those that the parameter "lines" names.  There is no
 * mask bit in a config space and nobody to share with, so who opens such a line
 * takes it away from its kernel driver's reach: CAP_SYS_RAWIO, like ioperm().
 */
#include <linux/capability.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>

#include "udrv.h"

#define UDRV_ISA_IRQS	16	/* /proc/irq/N exists from boot for these */
#define UDRV_CASCADE	2	/* between the two 8259s: no device's */

/* Programming interface of class 0101: set, the channel is in native mode. */
#define UDRV_IDE_NATIVE(channel)	(1 << 2 * (channel))
#define UDRV_IDE_CHANNELS		2
#define UDRV_IDE_IRQ(channel)		(14 + (channel))

static int lines[UDRV_ISA_IRQS];
static int lines_n;
module_param_array(lines, int, &lines_n, 0444);
MODULE_PARM_DESC(lines, "ISA interrupts to be read as /proc/irq/N/irq, like 4,7");

static DEFINE_MUTEX(udrv_isa_lock);
static struct udrv_line *udrv_isa[UDRV_ISA_IRQS];

static int udrv_isa_open(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	mutex_lock(&line->claim);
	if (line->gone) {
		ret = -ENODEV;
	} else if (line->desc) {
		ret = -EBUSY;
	} else if (irq_has_action(line->irq)) {
		pr_info("udrv: irq %d cannot be opened: /proc/interrupts says who has it\n",
			line->irq);
		ret = -EBUSY;
	} else {
		line->level = irq_get_trigger_type(line->irq) & IRQ_TYPE_LEVEL_MASK;
		ret = udrv_sole_request(desc, udrv_sole_irq);
	}
	mutex_unlock(&line->claim);
	return ret;
}

static void udrv_isa_close(struct udrv_desc *desc)
{
	mutex_lock(&desc->line->claim);
	udrv_sole_free(desc->line);
	mutex_unlock(&desc->line->claim);
}

static const struct udrv_line_ops udrv_isa_ops = {
	.open	= udrv_isa_open,
	.close	= udrv_isa_close,
	.rearm	= udrv_sole_rearm,
	.mask	= udrv_sole_mask,
};

/* udrv_isa_lock is held.  dev: NULL for a line by parameter. */
static int udrv_isa_add(int irq, struct udrv_dev *dev)
{
	struct udrv_line *line;
	char path[16];

	if (udrv_isa[irq])
		return -EBUSY;
	line = udrv_line_new(irq, &udrv_isa_ops);
	if (!line)
		return -ENOMEM;
	line->dev = dev;
	/* Never "irq": the name becomes a directory beside our file. */
	if (dev)
		snprintf(line->name, sizeof(line->name), "udrv:%s", pci_name(dev->core.pdev));
	else
		snprintf(line->name, sizeof(line->name), "udrv:isa%d", irq);
	snprintf(path, sizeof(path), "irq/%d/irq", irq);
	line->proc = proc_create_data(path, 0600, NULL, &udrv_proc_ops, line);
	if (!line->proc) {
		udrv_line_put(line);
		return -ENOMEM;
	}
	udrv_isa[irq] = line;
	return 0;
}

/* udrv_isa_lock is held.  proc_remove() closes what is open, and waits for it. */
static void udrv_isa_del(int irq)
{
	struct udrv_line *line = udrv_isa[irq];

	mutex_lock(&line->claim);
	line->gone = true;
	if (line->desc)
		udrv_desc_kill(line->desc);
	mutex_unlock(&line->claim);
	proc_remove(line->proc);
	udrv_isa[irq] = NULL;
	udrv_line_put(line);
}

/* A device without its line can still be polled: no reason to refuse it. */
void udrv_isa_join(struct udrv_dev *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	int i, ret;

	if (pdev->class >> 8 != PCI_CLASS_STORAGE_IDE)
		return;
	mutex_lock(&udrv_isa_lock);
	for (i = 0; i < UDRV_IDE_CHANNELS; i++) {
		if (pdev->class & UDRV_IDE_NATIVE(i))
			continue;
		ret = udrv_isa_add(UDRV_IDE_IRQ(i), dev);
		if (ret)
			pci_warn(pdev, "no file for irq %d: %s\n", UDRV_IDE_IRQ(i),
				 ret == -EBUSY ? "it is another device's" : "no memory");
	}
	mutex_unlock(&udrv_isa_lock);
}

void udrv_isa_part(struct udrv_dev *dev)
{
	int i;

	/* Others do not wait for a reader of ISA lines to leave. */
	if (dev && dev->core.pdev->class >> 8 != PCI_CLASS_STORAGE_IDE)
		return;
	mutex_lock(&udrv_isa_lock);
	for (i = 0; i < UDRV_ISA_IRQS; i++)
		if (udrv_isa[i] && udrv_isa[i]->dev == dev)
			udrv_isa_del(i);
	mutex_unlock(&udrv_isa_lock);
}

void udrv_isa_exit(void)
{
	udrv_isa_part(NULL);
}

int udrv_isa_init(void)
{
	int i, ret = 0;

	mutex_lock(&udrv_isa_lock);
	for (i = 0; i < lines_n && !ret; i++) {
		if (lines[i] < 1 || lines[i] >= UDRV_ISA_IRQS || lines[i] == UDRV_CASCADE)
			ret = -EINVAL;
		else
			ret = udrv_isa_add(lines[i], NULL);
		if (ret)
			pr_err("udrv: lines: %d is %s\n", lines[i], ret == -EINVAL ?
			       "no ISA interrupt (1, 3 to 15)" : "there twice");
	}
	mutex_unlock(&udrv_isa_lock);
	if (ret)
		udrv_isa_exit();
	return ret;
}
