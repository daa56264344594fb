// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver in the kernel has: a threaded interrupt handler that serves
 * QEMU's edu device (docs/specs/edu.rst) and wakes the reader of
 * /dev/irq_kthread.  For comparison only.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

enum { EDU_ISR = 0x24, EDU_ACK = 0x64 };

static void __iomem *regs;
static DECLARE_WAIT_QUEUE_HEAD(waiting);
static atomic_t count;

static irqreturn_t edu_hard(int irq, void *data)
{
	return ioread32(regs + EDU_ISR) ? IRQ_WAKE_THREAD : IRQ_NONE;
}

static irqreturn_t edu_thread(int irq, void *data)
{
	iowrite32(ioread32(regs + EDU_ISR), regs + EDU_ACK);
	atomic_inc(&count);
	wake_up_interruptible(&waiting);
	return IRQ_HANDLED;
}

static ssize_t edu_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	u32 n;
	int ret;

	if (len != sizeof(n))
		return -EINVAL;
	ret = wait_event_interruptible(waiting, atomic_read(&count));
	if (ret)
		return ret;
	n = atomic_xchg(&count, 0);
	return copy_to_user(buf, &n, sizeof(n)) ? -EFAULT : sizeof(n);
}

static const struct file_operations edu_fops = {
	.owner	= THIS_MODULE,
	.read	= edu_read,
};

static struct miscdevice edu_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "irq_kthread",
	.fops	= &edu_fops,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	regs = pcim_iomap(pdev, 0, 0);
	if (!regs)
		return -ENOMEM;
	ret = devm_request_threaded_irq(&pdev->dev, pdev->irq, edu_hard, edu_thread,
					IRQF_SHARED | IRQF_ONESHOT, "irq_kthread", pdev);
	return ret ? ret : misc_register(&edu_misc);
}

static void edu_remove(struct pci_dev *pdev)
{
	misc_deregister(&edu_misc);
}

/* Bound by driver_override alone. */
static const struct pci_device_id edu_ids[] = {
	{ }
};

static struct pci_driver edu_driver = {
	.name		= "irq_kthread",
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
};
module_pci_driver(edu_driver);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("the udrv authors");
MODULE_DESCRIPTION("A threaded interrupt handler to compare with (QEMU's edu)");
