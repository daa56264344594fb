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
 * the command register: where we touch it, memory_lock is held and it is on.
 */
#include <linux/interrupt.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "udrv.h"

static DEFINE_MUTEX(udrv_msi_lock);

static u16 udrv_memory_on(struct udrv_dev *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	u16 cmd;

	down_write(&dev->core.memory_lock);
	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	if (!(cmd & PCI_COMMAND_MEMORY))
		pci_write_config_word(pdev, PCI_COMMAND, cmd | PCI_COMMAND_MEMORY);
	return cmd;
}

static void udrv_memory_back(struct udrv_dev *dev, u16 was)
{
	struct pci_dev *pdev = dev->core.pdev;
	u16 cmd;

	/* Only this bit: vectors come and go with another one. */
	if (!(was & PCI_COMMAND_MEMORY)) {
		pci_read_config_word(pdev, PCI_COMMAND, &cmd);
		pci_write_config_word(pdev, PCI_COMMAND, cmd & ~PCI_COMMAND_MEMORY);
	}
	up_write(&dev->core.memory_lock);
}

/* udrv_msi_lock is held.  All vectors there are: none can be added later. */
static int udrv_msi_alloc(struct udrv_dev *dev, u32 index, int count)
{
	unsigned int type = index == VFIO_PCI_MSI_IRQ_INDEX ? PCI_IRQ_MSI : PCI_IRQ_MSIX;
	int ret = pm_runtime_resume_and_get(&dev->core.pdev->dev);
	u16 cmd;

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
		return 0;
	}
	pm_runtime_put(&dev->core.pdev->dev);
	return ret;
}

/* udrv_msi_lock is held. */
static void udrv_msi_free(struct udrv_dev *dev)
{
	u16 cmd = udrv_memory_on(dev);

	pci_free_irq_vectors(dev->core.pdev);
	udrv_memory_back(dev, cmd);
	/* The PCI core has unmasked INTx. */
	udrv_line_sync(dev);
	pm_runtime_put(&dev->core.pdev->dev);
}

/* A reset that only the device knows of may have cleared its table. */
static int udrv_msi_request(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	u16 cmd = udrv_memory_on(line->dev);
	struct msi_msg msg;
	int ret;

	if (line->dev->msi_index == VFIO_PCI_MSIX_IRQ_INDEX) {
		get_cached_msi_msg(line->irq, &msg);
		pci_write_msi_msg(line->irq, &msg);
	}
	ret = udrv_sole_request(desc);
	udrv_memory_back(line->dev, cmd);
	return ret;
}

/* udrv_msi_lock is held; the descriptor is dead. */
static void udrv_msi_drop(struct udrv_line *line)
{
	struct udrv_dev *dev = line->dev;
	u16 cmd = udrv_memory_on(dev);

	udrv_sole_free(line);
	udrv_memory_back(dev, cmd);
	list_del(&line->node);
	line->dev = NULL;
	if (list_empty(&dev->vectors))
		udrv_msi_free(dev);
}

static void udrv_msi_close(struct udrv_desc *desc)
{
	mutex_lock(&udrv_msi_lock);
	if (desc->line->dev)
		udrv_msi_drop(desc->line);
	mutex_unlock(&udrv_msi_lock);
}

static const struct udrv_line_ops udrv_msi_ops = {
	.open	= udrv_msi_request,
	.close	= udrv_msi_close,
	.rearm	= udrv_sole_rearm,
	.mask	= udrv_sole_mask,
};

/* udrv_msi_lock is held, the vectors exist. */
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

int udrv_msi_open(struct udrv_dev *dev, u32 index, u32 vector, struct udrv_desc **out)
{
	struct pci_dev *pdev = dev->core.pdev;
	int count = index == VFIO_PCI_MSI_IRQ_INDEX && pdev->msi_cap ? pci_msi_vec_count(pdev) :
		    index == VFIO_PCI_MSIX_IRQ_INDEX && pdev->msix_cap ? pci_msix_vec_count(pdev) :
		    0;
	int ret;

	if (count <= 0 || vector >= count)
		return -EINVAL;
	mutex_lock(&udrv_msi_lock);
	ret = udrv_msi_check(dev, index, vector);
	if (!ret && list_empty(&dev->vectors))
		ret = udrv_msi_alloc(dev, index, count);
	if (!ret) {
		ret = udrv_msi_add(dev, vector, out);
		if (ret && list_empty(&dev->vectors))
			udrv_msi_free(dev);
	}
	mutex_unlock(&udrv_msi_lock);
	return ret;
}

/* May VFIO_DEVICE_SET_IRQS go to VFIO?  Then udrv_msi_after_vfio() must follow. */
bool udrv_msi_before_vfio(struct udrv_dev *dev)
{
	bool free;

	mutex_lock(&udrv_msi_lock);
	free = list_empty(&dev->vectors);
	if (free)
		dev->vfio_calls++;
	mutex_unlock(&udrv_msi_lock);
	return free;
}

void udrv_msi_after_vfio(struct udrv_dev *dev)
{
	mutex_lock(&udrv_msi_lock);
	dev->vfio_calls--;
	mutex_unlock(&udrv_msi_lock);
}

/* The device is about to go: its vectors go first, and nobody gets one again. */
void udrv_msi_part(struct udrv_dev *dev)
{
	struct udrv_line *line, *next;

	mutex_lock(&udrv_msi_lock);
	dev->msi_gone = true;
	list_for_each_entry_safe(line, next, &dev->vectors, node) {
		udrv_desc_kill(line->desc);
		udrv_msi_drop(line);
	}
	mutex_unlock(&udrv_msi_lock);
}
