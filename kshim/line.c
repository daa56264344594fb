// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt lines.  A level interrupt that nobody masks takes its line down
 * for all devices on it ("nobody cared"), so from probe to remove a handler of
 * ours guards each device, whether or not somebody listens: a driver process
 * may die at any moment with the interrupt asserted.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>

#include "udrv.h"

/* So many of a line's interrupts are called a neighbour's before we look. */
#define UDRV_BELIEVE	16

static DEFINE_MUTEX(udrv_lines_lock);
static LIST_HEAD(udrv_lines);

/*
 * Is the device masked, so that the interrupt is a neighbour's?  We remember
 * what we did, because asking the device takes a microsecond for each interrupt
 * of the neighbours.  But others write the command register too (VFIO when it is
 * opened, closed or reset, a read-modify-write that raced with us), so that from
 * time to time we look: or an unmasked device would storm for ever.
 */
static bool udrv_intx_masked(struct udrv_dev *dev)
{
	u16 cmd;

	if (dev->masked && ++dev->believed == UDRV_BELIEVE) {
		pci_read_config_word(dev->core.pdev, PCI_COMMAND, &cmd);
		dev->masked = cmd & PCI_COMMAND_INTX_DISABLE;
		dev->believed = 0;
	}
	return dev->masked;
}

/*
 * VFIO is taking the INTx over or giving it up, and nobody can tell whose this
 * interrupt is.  If we masked it, VFIO would wait for it for ever; if we left
 * it, it might storm.  So the line waits until that is settled: microseconds,
 * because VFIO has taken all it needs from user space before it locks igate.
 */
static irqreturn_t udrv_intx_hold(struct udrv_dev *dev)
{
	u32 reg;

	pci_read_config_dword(dev->core.pdev, PCI_COMMAND, &reg);
	if (reg & PCI_COMMAND_INTX_DISABLE || !(reg >> 16 & PCI_STATUS_INTERRUPT))
		return IRQ_NONE;
	if (!dev->held)
		disable_irq_nosync(dev->irq);
	dev->held = true;
	return IRQ_HANDLED;
}

/*
 * masked is checked first: pci_check_and_mask_intx() says "yes" for a device
 * that is pending and masked already, and would claim the neighbours'
 * interrupts for it.
 */
static irqreturn_t udrv_intx(int irq, void *data)
{
	struct udrv_dev *dev = data;
	struct udrv_line *line = dev->line;
	irqreturn_t ret = IRQ_NONE;

	spin_lock(&line->lock);
	if (dev->changing && mutex_is_locked(&dev->core.igate)) {
		ret = udrv_intx_hold(dev);
	} else if (!dev->vfio_intx && !udrv_intx_masked(dev) &&
		   pci_check_and_mask_intx(dev->core.pdev)) {
		dev->masked = true;
		dev->believed = 0;
		if (dev->desc)
			udrv_desc_count(dev->desc, dev);
		ret = IRQ_HANDLED;
	}
	spin_unlock(&line->lock);
	return ret;
}

static struct udrv_line *udrv_line_find(int irq)
{
	struct udrv_line *line;

	list_for_each_entry(line, &udrv_lines, node)
		if (line->irq == irq)
			return line;
	return NULL;
}

struct udrv_line *udrv_line_new(int irq, const struct udrv_line_ops *ops)
{
	struct udrv_line *line = kzalloc(sizeof(*line), GFP_KERNEL);

	if (!line)
		return NULL;
	kref_init(&line->ref);
	mutex_init(&line->claim);
	spin_lock_init(&line->lock);
	INIT_LIST_HEAD(&line->devs);
	line->irq = irq;
	line->ops = ops;
	return line;
}

void udrv_line_get(struct udrv_line *line)
{
	kref_get(&line->ref);
}

static void udrv_line_free(struct kref *ref)
{
	struct udrv_line *line = container_of(ref, struct udrv_line, ref);

	if (line->owner)
		vfio_put_device(&line->owner->core.vdev);
	kfree(line);
}

void udrv_line_put(struct udrv_line *line)
{
	kref_put(&line->ref, udrv_line_free);
}

/* From now on our handler masks this device, whoever else may do it too. */
void udrv_line_guard(struct udrv_dev *dev)
{
	if (!dev->line)
		return;
	spin_lock_irq(&dev->line->lock);
	dev->vfio_intx = false;
	spin_unlock_irq(&dev->line->lock);
}

/* line->lock is held. */
static void udrv_line_look(struct udrv_dev *dev)
{
	bool vfio_intx = dev->core.irq_type == VFIO_PCI_INTX_IRQ_INDEX;
	struct udrv_desc *desc = dev->desc;
	bool was_masked = dev->masked;
	u16 cmd;

	/* VFIO's user unmasks after each interrupt, which is to cost no more. */
	if (dev->vfio_intx && vfio_intx)
		return;
	dev->vfio_intx = vfio_intx;
	pci_read_config_word(dev->core.pdev, PCI_COMMAND, &cmd);
	dev->masked = cmd & PCI_COMMAND_INTX_DISABLE;
	if (!desc || dev->vfio_intx)
		return;
	/* It has an owner: what he asked for holds. */
	if (!dev->masked && desc->user_masked)
		udrv_intx_shut(dev);
	if (dev->masked && !was_masked)
		udrv_desc_rearm(desc);
}

/*
 * VFIO may have changed the command register, or taken the INTx over.  The line
 * is let go even if another call goes on: that may wait for user memory, and
 * the line not for it.
 */
void udrv_line_sync(struct udrv_dev *dev)
{
	bool held;

	if (!dev->line)
		return;
	spin_lock_irq(&dev->line->lock);
	udrv_line_look(dev);
	held = dev->held;
	dev->held = false;
	spin_unlock_irq(&dev->line->lock);
	if (held)
		enable_irq(dev->irq);
}

/* line->claim is held: VFIO may take the INTx over until udrv_line_settle(). */
void udrv_line_change(struct udrv_dev *dev)
{
	if (!dev->line)
		return;
	spin_lock_irq(&dev->line->lock);
	dev->changing++;
	spin_unlock_irq(&dev->line->lock);
}

void udrv_line_settle(struct udrv_dev *dev)
{
	if (!dev->line)
		return;
	spin_lock_irq(&dev->line->lock);
	dev->changing--;
	spin_unlock_irq(&dev->line->lock);
	udrv_line_sync(dev);
}

/*
 * line->claim is held.  It may assert already, and our handler have masked it for
 * nobody: its owner is told, unless he wants none.
 */
static void udrv_line_welcome(struct udrv_desc *desc, struct udrv_dev *dev)
{
	if (udrv_intx_claim(desc, dev)) {
		pci_warn(dev->core.pdev, "not seen by the reader of irq %d\n", desc->line->irq);
		return;
	}
	spin_lock_irq(&desc->line->lock);
	if (desc->user_masked || desc->storm)
		desc->line->ops->mask(desc);
	else
		udrv_desc_rearm(desc);
	spin_unlock_irq(&desc->line->lock);
}

static void udrv_line_add(struct udrv_line *line, struct udrv_dev *dev)
{
	mutex_lock(&line->claim);
	spin_lock_irq(&line->lock);
	list_add_tail(&dev->on_line, &line->devs);
	spin_unlock_irq(&line->lock);
	/* Who has the whole line has the newcomer as well. */
	if (line->desc)
		udrv_line_welcome(line->desc, dev);
	mutex_unlock(&line->claim);
}

static bool udrv_line_del(struct udrv_line *line, struct udrv_dev *dev)
{
	bool last;

	mutex_lock(&line->claim);
	spin_lock_irq(&line->lock);
	list_del(&dev->on_line);
	last = list_empty(&line->devs);
	spin_unlock_irq(&line->lock);
	mutex_unlock(&line->claim);
	return last;
}

/* /proc/irq/N exists only once the irq has been requested. */
static int udrv_line_publish(struct udrv_line *line)
{
	char path[32];

	if (line->proc)
		return 0;
	snprintf(path, sizeof(path), "irq/%d/irq", line->irq);
	line->proc = proc_create_data(path, 0600, NULL, &udrv_proc_ops, line);
	if (!line->proc)
		return -ENOMEM;
	list_add(&line->node, &udrv_lines);
	return 0;
}

/*
 * The device is enabled.  Devices without INTx, or too old to be masked, do
 * without a line; VFIO serves them as it always did.
 */
int udrv_line_join(struct udrv_dev *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct udrv_line *line;
	u8 pin;
	int ret;

	pci_read_config_byte(pdev, PCI_INTERRUPT_PIN, &pin);
	if (!pin || !pdev->irq || pdev->irq == IRQ_NOTCONNECTED ||
	    !pci_intx_mask_supported(pdev))
		return 0;

	mutex_lock(&udrv_lines_lock);
	line = udrv_line_find(pdev->irq);
	if (line)
		udrv_line_get(line);
	else
		line = udrv_line_new(pdev->irq, &udrv_intx_ops);
	if (!line) {
		ret = -ENOMEM;
		goto unlock;
	}
	dev->line = line;
	dev->irq = pdev->irq;
	/* Never "irq": the name becomes a directory beside our file. */
	snprintf(dev->irq_name, sizeof(dev->irq_name), "udrv:%s", pci_name(pdev));
	udrv_line_sync(dev);
	ret = request_irq(dev->irq, udrv_intx, IRQF_SHARED, dev->irq_name, dev);
	if (ret)
		goto put;
	ret = udrv_line_publish(line);
	if (ret)
		goto free;
	udrv_line_add(line, dev);
	goto unlock;
free:
	free_irq(dev->irq, dev);
put:
	dev->line = NULL;
	udrv_line_put(line);
unlock:
	mutex_unlock(&udrv_lines_lock);
	return ret;
}

static bool udrv_line_all_leaving(struct udrv_line *line)
{
	struct udrv_dev *dev;

	list_for_each_entry(dev, &line->devs, on_line)
		if (!dev->leaving)
			return false;
	return true;
}

/* The device is about to go: end its owner's waiting, admit no new owner. */
void udrv_line_part(struct udrv_dev *dev)
{
	struct udrv_line *line = dev->line;
	struct udrv_desc *desc;

	if (!line)
		return;
	mutex_lock(&line->claim);
	dev->leaving = true;
	desc = dev->desc;
	if (desc) {
		udrv_intx_unclaim(desc, dev);
		/* A reader of the line goes on with the devices that stay. */
		if (desc->dev || udrv_line_all_leaving(line)) {
			udrv_desc_kill(desc);
			/* A device that comes now is free for the next owner. */
			if (line->desc == desc)
				line->desc = NULL;
		}
	}
	mutex_unlock(&line->claim);
}

/*
 * The order matters: the file goes while the irq is still requested, and its
 * readers have been woken by udrv_line_part(), or proc_remove() would wait
 * for them; the device falls silent before its guard goes.
 */
void udrv_line_leave(struct udrv_dev *dev)
{
	struct udrv_line *line = dev->line;

	if (!line)
		return;
	mutex_lock(&udrv_lines_lock);
	if (udrv_line_del(line, dev)) {
		list_del(&line->node);
		proc_remove(line->proc);
	}
	spin_lock_irq(&line->lock);
	udrv_intx_shut(dev);
	spin_unlock_irq(&line->lock);
	free_irq(dev->irq, dev);
	dev->line = NULL;
	udrv_line_put(line);
	mutex_unlock(&udrv_lines_lock);
}
