// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X vectors as descriptors.
 *
 * VFIO on top of our vectors would free them under our handlers.  It reads a
 * request again after us, so that a hostile caller could have it do so whatever
 * we think he asked for: therefore, while there are vectors, no SET_IRQS at all
 * reaches VFIO, and no vector is opened while one is under way.
 *
 * The vector table is in the device's memory, which the user can switch off in
 * the command register, and whose mask bits he can write: it is touched only when
 * a vector is opened or closed, with memory_lock held and memory on.  While one is
 * masked, our handler keeps what comes (an edge, so once is enough), and when too
 * much comes the gate is shut, in config space, where the user cannot open it
 * (gate.c).
 */
#include <linux/interrupt.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "irq_abi.h"
#include "udrv.h"

void udrv_msi_init(struct udrv_dev *dev)
{
	mutex_init(&dev->msi_lock);
	spin_lock_init(&dev->gate_lock);
	INIT_LIST_HEAD(&dev->vectors);
}

/* Without resets: they write to vectors that we make or free. */
static u8 udrv_memory_on(struct udrv_dev *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	u8 cmd;

	down_write(&dev->core.memory_lock);
	pci_cfg_access_lock(pdev);
	/* Only this byte: interrupts have their bit in the other one. */
	pci_read_config_byte(pdev, PCI_COMMAND, &cmd);
	if (!(cmd & PCI_COMMAND_MEMORY))
		pci_write_config_byte(pdev, PCI_COMMAND, cmd | PCI_COMMAND_MEMORY);
	return cmd;
}

static void udrv_memory_back(struct udrv_dev *dev, u8 was)
{
	struct pci_dev *pdev = dev->core.pdev;
	u8 cmd;

	if (!(was & PCI_COMMAND_MEMORY)) {
		pci_read_config_byte(pdev, PCI_COMMAND, &cmd);
		pci_write_config_byte(pdev, PCI_COMMAND, cmd & ~PCI_COMMAND_MEMORY);
	}
	pci_cfg_access_unlock(pdev);
	up_write(&dev->core.memory_lock);
}

/* msi_lock is held.  All vectors there are: none can be added later. */
static int udrv_msi_alloc(struct udrv_dev *dev, u32 index, int count)
{
	unsigned int type = index == VFIO_PCI_MSI_IRQ_INDEX ? PCI_IRQ_MSI : PCI_IRQ_MSIX;
	int ret = pm_runtime_resume_and_get(&dev->core.pdev->dev);
	u8 cmd;

	if (ret < 0)
		return ret;
	mutex_lock(&dev->core.igate);
	if (dev->core.irq_type != VFIO_PCI_NUM_IRQS) {
		ret = -EBUSY;
	} else {
		cmd = udrv_memory_on(dev);
		ret = pci_alloc_irq_vectors(dev->core.pdev, 1, count, type);
		udrv_memory_back(dev, cmd);
	}
	mutex_unlock(&dev->core.igate);
	if (ret > 0) {
		dev->msi_index = index;
		udrv_gate_init(dev);
		return 0;
	}
	pm_runtime_put(&dev->core.pdev->dev);
	return ret;
}

/* msi_lock is held. */
static void udrv_msi_free(struct udrv_dev *dev)
{
	u8 cmd = udrv_memory_on(dev);

	pci_free_irq_vectors(dev->core.pdev);
	udrv_memory_back(dev, cmd);
	/* The PCI core has unmasked INTx. */
	udrv_line_sync(dev);
	pm_runtime_put(&dev->core.pdev->dev);
}

/* line->lock is held, the line is off.  What nobody waits for costs, too. */
static void udrv_msi_unwanted(struct udrv_line *line)
{
	struct udrv_desc *desc = line->desc;

	line->pending = true;
	desc->ns = ktime_get_ns();
	if (line->gated)
		udrv_gate_sync(line->dev);	/* a reset has opened it */
	else if (udrv_storm(desc, line->dev))
		desc->flags |= UDRV_IRQ_STORM;
}

static irqreturn_t udrv_msi_irq(int irq, void *data)
{
	struct udrv_line *line = data;

	spin_lock(&line->lock);
	if (line->off)
		udrv_msi_unwanted(line);
	else
		udrv_desc_count(line->desc, line->dev);
	spin_unlock(&line->lock);
	return IRQ_HANDLED;
}

/* A reset that only the device knows of may have cleared its table. */
static int udrv_msi_request(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	u8 cmd = udrv_memory_on(line->dev);
	struct msi_msg msg;
	int ret;

	if (line->dev->msi_index == VFIO_PCI_MSIX_IRQ_INDEX) {
		get_cached_msi_msg(line->irq, &msg);
		pci_write_msi_msg(line->irq, &msg);
	}
	ret = udrv_sole_request(desc, udrv_msi_irq);
	/* That has unmasked it, whatever the gate is. */
	udrv_gate_sync(line->dev);
	udrv_memory_back(line->dev, cmd);
	return ret;
}

/* msi_lock is held; the descriptor is dead. */
static void udrv_msi_drop(struct udrv_line *line)
{
	struct udrv_dev *dev = line->dev;
	u8 cmd = udrv_memory_on(dev);

	udrv_sole_free(line);
	spin_lock_irq(&line->lock);
	udrv_gate_open(line);
	line->dev = NULL;
	spin_unlock_irq(&line->lock);
	udrv_memory_back(dev, cmd);
	list_del(&line->node);
	if (list_empty(&dev->vectors))
		udrv_msi_free(dev);
}

static void udrv_msi_close(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;

	mutex_lock(&line->owner->msi_lock);
	if (line->dev)
		udrv_msi_drop(line);
	mutex_unlock(&line->owner->msi_lock);
}

/* line->lock is held. */
static void udrv_msi_mask(struct udrv_desc *desc)
{
	desc->line->off = true;
	if (desc->storm)
		udrv_gate_shut(desc->line);
}

/* line->lock is held. */
static void udrv_msi_rearm(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	bool came = line->off && line->pending;

	line->off = false;
	line->pending = false;
	if (came)
		udrv_desc_count(desc, line->dev);
}

static void udrv_msi_calm(struct udrv_desc *desc)
{
	udrv_gate_open(desc->line);
}

static const struct udrv_line_ops udrv_msi_ops = {
	.open	= udrv_msi_request,
	.close	= udrv_msi_close,
	.rearm	= udrv_msi_rearm,
	.mask	= udrv_msi_mask,
	.calm	= udrv_msi_calm,
};

/* msi_lock is held, the vectors exist. */
static int udrv_msi_add(struct udrv_dev *dev, u32 vector, struct udrv_desc **out)
{
	int irq = pci_irq_vector(dev->core.pdev, vector), ret;
	struct udrv_line *line;

	if (irq < 0)
		return -ENOSPC;	/* the device has it, but the system had fewer */
	line = udrv_line_new(irq, &udrv_msi_ops);
	if (!line)
		return -ENOMEM;
	line->dev = dev;
	line->owner = dev;
	get_device(&dev->core.vdev.device);
	line->vector = vector;
	snprintf(line->name, sizeof(line->name), "udrv:%s[%u]", pci_name(dev->core.pdev), vector);
	ret = udrv_desc_open(line, dev, out);
	if (!ret)
		list_add_tail(&line->node, &dev->vectors);
	udrv_line_put(line);
	return ret;
}

static int udrv_msi_check(struct udrv_dev *dev, u32 index, u32 vector)
{
	struct udrv_line *line;

	if (dev->msi_gone)
		return -ENODEV;
	if (dev->vfio_calls)
		return -EBUSY;
	list_for_each_entry(line, &dev->vectors, node)
		if (index != dev->msi_index || vector == line->vector)
			return -EBUSY;
	return 0;
}

/* How many vectors it has for us; with no mask bits one, which alone is shut by the gate. */
static int udrv_msi_count(struct pci_dev *pdev, u32 index)
{
	u16 flags;

	if (index == VFIO_PCI_MSIX_IRQ_INDEX)
		return pdev->msix_cap ? pci_msix_vec_count(pdev) : 0;
	if (index != VFIO_PCI_MSI_IRQ_INDEX || !pdev->msi_cap)
		return 0;
	pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &flags);
	return flags & PCI_MSI_FLAGS_MASKBIT ? pci_msi_vec_count(pdev) : 1;
}

int udrv_msi_open(struct udrv_dev *dev, u32 index, u32 vector, struct udrv_desc **out)
{
	int count = udrv_msi_count(dev->core.pdev, index), ret;

	if (count <= 0 || vector >= count)
		return -EINVAL;
	mutex_lock(&dev->msi_lock);
	ret = udrv_msi_check(dev, index, vector);
	if (!ret && list_empty(&dev->vectors))
		ret = udrv_msi_alloc(dev, index, count);
	if (!ret) {
		ret = udrv_msi_add(dev, vector, out);
		if (ret && list_empty(&dev->vectors))
			udrv_msi_free(dev);
	}
	mutex_unlock(&dev->msi_lock);
	return ret;
}

/* May VFIO_DEVICE_SET_IRQS go to VFIO?  Then udrv_msi_after_vfio() must follow. */
bool udrv_msi_before_vfio(struct udrv_dev *dev)
{
	bool free;

	mutex_lock(&dev->msi_lock);
	free = list_empty(&dev->vectors);
	if (free)
		dev->vfio_calls++;
	mutex_unlock(&dev->msi_lock);
	return free;
}

void udrv_msi_after_vfio(struct udrv_dev *dev)
{
	mutex_lock(&dev->msi_lock);
	dev->vfio_calls--;
	mutex_unlock(&dev->msi_lock);
}

/* The device is about to go: its vectors go first, and nobody gets one again. */
void udrv_msi_part(struct udrv_dev *dev)
{
	struct udrv_line *line, *next;

	mutex_lock(&dev->msi_lock);
	dev->msi_gone = true;
	list_for_each_entry_safe(line, next, &dev->vectors, node) {
		udrv_desc_kill(line->desc);
		udrv_msi_drop(line);
	}
	mutex_unlock(&dev->msi_lock);
}
