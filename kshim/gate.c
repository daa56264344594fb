// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's vectors, all shut at once while one of them storms.  In config space:
 * the bits in an MSI-X table are the user's to write, and a simple MSI has none.
 *
 * MSI-X has a bit for all vectors, and keeps what comes meanwhile; so do the mask bits
 * of an MSI.  Without these MSI itself is switched off, what comes is lost, and the
 * owner is given an interrupt for it when it is on again.  INTx does not come in its
 * place: the kernel has that disabled as long as vectors exist.
 */
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "udrv.h"

/* gate_lock is held. */
static void udrv_gate_write(struct udrv_dev *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool msix = dev->msi_index == VFIO_PCI_MSIX_IRQ_INDEX;
	int at = msix ? pdev->msix_cap + PCI_MSIX_FLAGS : pdev->msi_cap + PCI_MSI_FLAGS;
	u16 bit = msix ? PCI_MSIX_FLAGS_MASKALL : PCI_MSI_FLAGS_ENABLE;
	u16 flags;

	if (dev->msi_bits) {
		pci_write_config_dword(pdev, dev->msi_bits->pci.mask_pos,
				       dev->gated ? U32_MAX : dev->msi_bits->pci.msi_mask);
		return;
	}
	pci_read_config_word(pdev, at, &flags);
	if (PCI_POSSIBLE_ERROR(flags))
		return;				/* it is gone */
	if (msix == !!dev->gated)
		flags |= bit;
	else
		flags &= ~bit;
	pci_write_config_word(pdev, at, flags);
}

/* msi_lock is held; there are vectors, and none is requested. */
void udrv_gate_init(struct udrv_dev *dev)
{
	struct msi_desc *bits = irq_get_msi_desc(pci_irq_vector(dev->core.pdev, 0));

	if (dev->msi_index == VFIO_PCI_MSIX_IRQ_INDEX || !bits->pci.msi_attrib.can_mask)
		bits = NULL;
	dev->msi_bits = bits;
}

/* The PCI core may have written these bits: as we want them again. */
void udrv_gate_sync(struct udrv_dev *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->gate_lock, flags);
	if (dev->gated || dev->msi_bits)
		udrv_gate_write(dev);
	spin_unlock_irqrestore(&dev->gate_lock, flags);
}

/* line->lock is held. */
void udrv_gate_shut(struct udrv_line *line)
{
	struct udrv_dev *dev = line->dev;

	if (line->gated)
		return;
	line->gated = true;
	spin_lock(&dev->gate_lock);
	if (!dev->gated++)
		udrv_gate_write(dev);
	if (dev->msi_index == VFIO_PCI_MSI_IRQ_INDEX && !dev->msi_bits)
		line->pending = true;
	spin_unlock(&dev->gate_lock);
}

/* line->lock is held. */
void udrv_gate_open(struct udrv_line *line)
{
	struct udrv_dev *dev = line->dev;

	if (!line->gated)
		return;
	line->gated = false;
	spin_lock(&dev->gate_lock);
	if (!--dev->gated)
		udrv_gate_write(dev);
	spin_unlock(&dev->gate_lock);
}
