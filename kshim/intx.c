// SPDX-License-Identifier: GPL-2.0-only
/* Who owns the INTx of a device: an open line, or a descriptor of its own. */
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "udrv.h"

/*
 * line->lock is held.  (The upper byte alone, in which no other bit matters, would not
 * do: QEMU 7.2 takes no notice of the bit then.)
 */
void udrv_intx_shut(struct udrv_dev *dev)
{
	pci_intx(dev->core.pdev, 0);
	dev->masked = true;
}

/* line->claim is held.  The device stays awake as long as it is owned. */
int udrv_intx_claim(struct udrv_desc *desc, struct udrv_dev *dev)
{
	int ret = pm_runtime_resume_and_get(&dev->core.pdev->dev);

	if (ret < 0)
		return ret;
	udrv_line_sync(dev);
	spin_lock_irq(&desc->line->lock);
	dev->desc = desc;
	spin_unlock_irq(&desc->line->lock);
	return 0;
}

/* line->claim is held. */
void udrv_intx_unclaim(struct udrv_desc *desc, struct udrv_dev *dev)
{
	spin_lock_irq(&desc->line->lock);
	dev->desc = NULL;
	spin_unlock_irq(&desc->line->lock);
	pm_runtime_put(&dev->core.pdev->dev);
}

/* Is there somebody who has, or will have, the interrupts asked for? */
static int udrv_intx_check(struct udrv_line *line, struct udrv_dev *only)
{
	struct udrv_dev *dev;
	bool any = false;

	if (line->desc)
		return -EBUSY;
	list_for_each_entry(dev, &line->devs, on_line) {
		if (dev->leaving || (only && dev != only))
			continue;
		if (dev->desc || dev->vfio_intx || dev->changing)
			return -EBUSY;
		any = true;
	}
	return any ? 0 : -ENODEV;
}

/* line->claim is held. */
static int udrv_intx_claim_all(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	struct udrv_dev *dev;
	int ret = 0;

	list_for_each_entry(dev, &line->devs, on_line) {
		if (dev->leaving || (desc->dev && dev != desc->dev))
			continue;
		ret = udrv_intx_claim(desc, dev);
		if (ret)
			break;
	}
	if (!ret) {
		if (!desc->dev)
			line->desc = desc;
		return 0;
	}
	list_for_each_entry(dev, &line->devs, on_line)
		if (dev->desc == desc)
			udrv_intx_unclaim(desc, dev);
	return ret;
}

static int udrv_intx_open(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	int ret;

	mutex_lock(&line->claim);
	ret = udrv_intx_check(line, desc->dev);
	if (!ret)
		ret = udrv_intx_claim_all(desc);
	mutex_unlock(&line->claim);
	return ret;
}

static void udrv_intx_close(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;
	struct udrv_dev *dev;

	mutex_lock(&line->claim);
	if (line->desc == desc)
		line->desc = NULL;
	list_for_each_entry(dev, &line->devs, on_line)
		if (dev->desc == desc)
			udrv_intx_unclaim(desc, dev);
	mutex_unlock(&line->claim);
}

/*
 * line->lock is held.  Unmask what the last interrupt masked.  A device that
 * asserts still, or again, stays masked and counts at once.
 */
static void udrv_intx_rearm(struct udrv_desc *desc)
{
	struct udrv_dev *dev;

	if (desc->count)
		return;
	list_for_each_entry(dev, &desc->line->devs, on_line) {
		if (dev->desc != desc || !dev->masked || dev->vfio_intx)
			continue;
		if (pci_check_and_unmask_intx(dev->core.pdev))
			dev->masked = false;
		else
			udrv_desc_count(desc, dev);
	}
}

/* line->lock is held. */
static void udrv_intx_mask(struct udrv_desc *desc)
{
	struct udrv_dev *dev;

	list_for_each_entry(dev, &desc->line->devs, on_line) {
		if (dev->desc != desc || dev->masked || dev->vfio_intx)
			continue;
		udrv_intx_shut(dev);
	}
}

const struct udrv_line_ops udrv_intx_ops = {
	.open	= udrv_intx_open,
	.close	= udrv_intx_close,
	.rearm	= udrv_intx_rearm,
	.mask	= udrv_intx_mask,
};
