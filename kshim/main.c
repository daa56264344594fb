// SPDX-License-Identifier: GPL-2.0-only
/*
 * udrv.ko: a VFIO driver for PCI devices, whose interrupts can be read.
 *
 * BARs, config space, DMA through the IOMMU and reset are vfio_pci_core's; a
 * program for vfio-pci runs unchanged.  What is added is in line.c and desc.c.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "irq_abi.h"
#include "udrv.h"

static struct udrv_dev *to_udrv(struct vfio_device *vdev)
{
	return container_of(vdev, struct udrv_dev, core.vdev);
}

static int udrv_open_device(struct vfio_device *vdev)
{
	struct udrv_dev *dev = to_udrv(vdev);
	int ret;

	/* Its reset restores vectors, while their owner may be letting them go. */
	mutex_lock(&dev->msi_lock);
	ret = vfio_pci_core_enable(&dev->core);
	mutex_unlock(&dev->msi_lock);
	if (ret)
		return ret;
	vfio_pci_core_finish_enable(&dev->core);
	udrv_line_sync(dev);	/* enabling unmasks INTx */
	return 0;
}

static void udrv_close_device(struct vfio_device *vdev)
{
	struct udrv_dev *dev = to_udrv(vdev);

	udrv_line_guard(dev);
	mutex_lock(&dev->msi_lock);
	vfio_pci_core_close_device(vdev);
	mutex_unlock(&dev->msi_lock);
	udrv_line_sync(dev);	/* closing restores the command register */
}

/*
 * VFIO's own interrupts and ours exclude each other.  VFIO reads the request
 * again, and a hostile caller has changed it by then; so our copy decides
 * nothing but who is told EBUSY, and whatever it says we look afterwards who
 * has the INTx.  Who gets it from VFIO besides us has the loss himself.
 */
static long udrv_set_irqs(struct udrv_dev *dev, unsigned long arg)
{
	struct vfio_irq_set hdr;
	bool busy;
	long ret;

	if (copy_from_user(&hdr, (void __user *)arg, offsetofend(struct vfio_irq_set, count)))
		return -EFAULT;
	if (!udrv_msi_before_vfio(dev))
		return -EBUSY;

	udrv_claim_lock(dev);
	busy = dev->desc && hdr.index <= VFIO_PCI_MSIX_IRQ_INDEX;
	if (!busy)
		udrv_line_change(dev);
	udrv_claim_unlock(dev);
	if (busy) {
		ret = -EBUSY;
	} else {
		ret = vfio_pci_core_ioctl(&dev->core.vdev, VFIO_DEVICE_SET_IRQS, arg);
		udrv_line_settle(dev);
	}
	udrv_msi_after_vfio(dev);
	return ret;
}

static long udrv_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct udrv_dev *dev = to_udrv(vdev);
	long ret;

	switch (cmd) {
	case UDRV_IOCTL_IRQ_FD:
		return udrv_desc_ioctl(dev, arg);
	case VFIO_DEVICE_SET_IRQS:
		return udrv_set_irqs(dev, arg);
	/*
	 * VFIO takes a negative offset for a BAR in front of its first one, and
	 * writes there.  It reads the request again after us, so that we cannot
	 * look for that; it is a shortcut that users must do without anyway when
	 * it fails.
	 */
	case VFIO_DEVICE_IOEVENTFD:
		return -ENOTTY;
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_PCI_HOT_RESET:
		ret = vfio_pci_core_ioctl(vdev, cmd, arg);
		udrv_line_sync(dev);
		return ret;
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

/*
 * VFIO reads, changes and writes the command register.  If our handler or a
 * reader masked or unmasked the device meanwhile, that has been undone.  Other
 * registers restore it with the rest, like that of the power state.
 */
static ssize_t udrv_vfio_write(struct vfio_device *vdev, const char __user *buf,
			       size_t count, loff_t *ppos)
{
	bool config = VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_CONFIG_REGION_INDEX;
	ssize_t ret = vfio_pci_core_write(vdev, buf, count, ppos);

	if (config)
		udrv_line_sync(to_udrv(vdev));
	return ret;
}

static const struct vfio_device_ops udrv_vfio_ops = {
	.name		= "udrv",
	.init		= vfio_pci_core_init_dev,
	.release	= vfio_pci_core_release_dev,
	.open_device	= udrv_open_device,
	.close_device	= udrv_close_device,
	.ioctl		= udrv_ioctl,
	.device_feature	= vfio_pci_core_ioctl_feature,
	.read		= vfio_pci_core_read,
	.write		= udrv_vfio_write,
	.mmap		= vfio_pci_core_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
	/* compat.h: what only some kernels have. */
	UDRV_BIND_OPS
	UDRV_DETACH_OPS
	UDRV_PASID_OPS
	UDRV_TOKEN_OPS
	UDRV_REGION_OPS
};

static int udrv_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct udrv_dev *dev;
	int ret;

	dev = vfio_alloc_device(udrv_dev, core.vdev, &pdev->dev, &udrv_vfio_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	udrv_msi_init(dev);
	dev_set_drvdata(&pdev->dev, &dev->core);
	ret = pci_enable_device(pdev);
	if (ret)
		goto put;
	ret = udrv_storm_join(dev);
	if (ret)
		goto disable;
	ret = udrv_line_join(dev);
	if (ret)
		goto forget;
	udrv_isa_join(dev);
	ret = vfio_pci_core_register_device(&dev->core);
	if (ret)
		goto leave;
	return 0;
leave:
	udrv_isa_part(dev);
	udrv_line_part(dev);
	udrv_line_leave(dev);
forget:
	udrv_storm_leave(dev);
disable:
	pci_disable_device(pdev);
put:
	vfio_put_device(&dev->core.vdev);
	return ret;
}

static void udrv_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);
	struct udrv_dev *dev = container_of(core, struct udrv_dev, core);

	udrv_isa_part(dev);
	udrv_msi_part(dev);
	udrv_line_part(dev);
	/* Waits for the users of the VFIO device; the guard stays until then. */
	vfio_pci_core_unregister_device(core);
	udrv_line_leave(dev);
	udrv_storm_leave(dev);
	pci_disable_device(pdev);
	vfio_put_device(&core->vdev);
}

/* By whomever: the command register is as it was before. */
static void udrv_reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	udrv_line_sync(container_of(core, struct udrv_dev, core));
}

static const struct pci_error_handlers udrv_err_handlers = {
	.error_detected	= vfio_pci_core_aer_err_detected,
	.reset_done	= udrv_reset_done,
};

static const struct pci_device_id udrv_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, udrv_ids);

static struct pci_driver udrv_driver = {
	.name			= "udrv",
	.id_table		= udrv_ids,
	.probe			= udrv_probe,
	.remove			= udrv_remove,
	.groups			= udrv_storm_groups,
	.err_handler		= &udrv_err_handlers,
	.driver_managed_dma	= true,
};

static int __init udrv_init(void)
{
	int ret = udrv_isa_init();

	if (ret)
		return ret;
	ret = pci_register_driver(&udrv_driver);
	if (ret)
		udrv_isa_exit();
	return ret;
}
module_init(udrv_init);

static void __exit udrv_exit(void)
{
	pci_unregister_driver(&udrv_driver);
	udrv_isa_exit();
}
module_exit(udrv_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("the udrv authors");
MODULE_DESCRIPTION("User-mode drivers: VFIO with readable interrupts (/proc/irq/N/irq)");
MODULE_VERSION("0.1");
