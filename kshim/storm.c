// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms.  A vector that interrupts more often than storm_limit is masked for a
 * while, at least as long as it took to get there, so that it costs at most half
 * of one processor however slow that is, and for most devices far less.  Nothing
 * is given up: it goes on at that pace, its owner is told by the next read and
 * by POLLPRI, others by the counter and the log; and a device that falls silent,
 * as after a reset, has its full service back at once.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "udrv.h"

#define UDRV_STORM_MS	50	/* over which the rate is taken */

static unsigned int storm_limit = 20000;
module_param(storm_limit, uint, 0644);
MODULE_PARM_DESC(storm_limit, "interrupts per second and vector that are served (0: any number)");

/* The lines by parameter have no device whose counter could say it. */
static atomic_t line_storms;

static ssize_t line_storms_show(struct device_driver *driver, char *buf)
{
	return sysfs_emit(buf, "%u\n", (unsigned int)atomic_read(&line_storms));
}
static DRIVER_ATTR_RO(line_storms);

static struct attribute *udrv_storm_attrs[] = { &driver_attr_line_storms.attr, NULL };
static const struct attribute_group udrv_storm_group = { .attrs = udrv_storm_attrs };
const struct attribute_group *udrv_storm_groups[] = { &udrv_storm_group, NULL };

static ssize_t irq_storms_show(struct device *device, struct device_attribute *attr, char *buf)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(device);
	struct udrv_dev *dev = container_of(core, struct udrv_dev, core);

	return sysfs_emit(buf, "%u\n", (unsigned int)atomic_read(&dev->storms));
}
static DEVICE_ATTR_RO(irq_storms);

/* The counter of a device; it can be polled. */
int udrv_storm_join(struct udrv_dev *dev)
{
	struct device *device = &dev->core.pdev->dev;
	int ret = device_create_file(device, &dev_attr_irq_storms);

	if (!ret)
		dev->storms_file = sysfs_get_dirent(device->kobj.sd, "irq_storms");
	return ret;
}

/* No handler is left. */
void udrv_storm_leave(struct udrv_dev *dev)
{
	sysfs_put(dev->storms_file);
	device_remove_file(&dev->core.pdev->dev, &dev_attr_irq_storms);
}

static void udrv_storm_calm(struct work_struct *work)
{
	struct udrv_desc *desc = container_of(to_delayed_work(work), struct udrv_desc, calm);

	spin_lock_irq(&desc->line->lock);
	desc->storm = false;
	desc->burst = 0;
	if (desc->line->ops->calm)
		desc->line->ops->calm(desc);
	udrv_desc_rearm(desc);
	spin_unlock_irq(&desc->line->lock);
}

void udrv_storm_init(struct udrv_desc *desc)
{
	INIT_DELAYED_WORK(&desc->calm, udrv_storm_calm);
}

/* The descriptor is dead or was never armed, so that no storm begins. */
void udrv_storm_end(struct udrv_desc *desc)
{
	cancel_delayed_work_sync(&desc->calm);
}

/* line->lock is held, an interrupt was counted.  True: it is one too many. */
bool udrv_storm(struct udrv_desc *desc, struct udrv_dev *dev)
{
	const u64 window = UDRV_STORM_MS * NSEC_PER_MSEC;
	unsigned int limit = READ_ONCE(storm_limit);
	u64 took;

	if (!limit || desc->storm || desc->dead)
		return false;
	if (!desc->burst || desc->ns - desc->since > window) {
		desc->burst = 0;
		desc->since = desc->ns;
	}
	if (++desc->burst < max_t(unsigned int, limit / (MSEC_PER_SEC / UDRV_STORM_MS), 2))
		return false;

	took = desc->ns - desc->since;
	desc->storm = true;
	desc->line->ops->mask(desc);
	schedule_delayed_work(&desc->calm, nsecs_to_jiffies(max(window - took, took)) + 1);
	if (dev) {
		atomic_inc(&dev->storms);
		sysfs_notify_dirent(dev->storms_file);
	} else {
		atomic_inc(&line_storms);
	}
	pr_warn_ratelimited("udrv: %s: irq %d storms: more than %u interrupts per second\n",
			    dev ? pci_name(dev->core.pdev) : desc->line->name,
			    desc->line->irq, limit);
	return true;
}
