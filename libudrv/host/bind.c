// SPDX-License-Identifier: MIT
/* bind.c - hand a device to udrv or vfio-pci, and back, through sysfs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host_internal.h"

/* Probing is synchronous but for some drivers, which take a moment more. */
#define PROBE_MS	3000
/* The longest that an old driver may take to let go, or a new one to begin:
 * disks have to spin up. */
#define WRITE_MS	20000

static const char *root_hint(int ret)
{
	return ret == -EACCES || ret == -EPERM ? " (are you root?)" : "";
}

static int check_group(const struct udrv_host_info *i, struct udrv_error *err)
{
	char any[32];

	if (i->iommu_group < 0 && udrv_host_first(any, sizeof(any), "/sys/kernel/iommu_groups"))
		return udrv_host_fail(err, -ENODEV,
			"%s: no IOMMU in this machine, or it is not enabled: nothing would keep the "
			"device from writing anywhere. Boot with intel_iommu=on (or amd_iommu=on), and "
			"enable VT-d (or AMD-Vi) in the firmware's set-up", i->bdf);
	if (i->iommu_group < 0)
		return udrv_host_fail(err, -ENODEV,
			"%s: this device has no IOMMU group, so its DMA cannot be confined", i->bdf);
	if (i->group_others)
		return udrv_host_fail(err, -EPERM,
			"%s: shares IOMMU group %d with %s%s, which the kernel drives, and the IOMMU "
			"cannot tell them apart. Put the device into another slot, or free the "
			"others first: echo %s > /sys/bus/pci/devices/%s/driver/unbind",
			i->bdf, i->iommu_group, i->group_other,
			i->group_others > 1 ? " and others" : "", i->group_other, i->group_other);
	return 0;
}

/* May the device change hands, and to this driver? */
static int check(const struct udrv_host_info *i, const char *driver, struct udrv_error *err)
{
	if (i->class_code >> 16 == 0x06)
		return udrv_host_fail(err, -EINVAL,
			"%s: is a bridge (class %04x); only what is behind it can have a driver of ours",
			i->bdf, i->class_code >> 8);
	if (i->user[0])
		return udrv_host_fail(err, -EBUSY, "%s: is in use (driver %s): %s", i->bdf,
				      i->driver[0] ? i->driver : "none", i->user);
	if (check_group(i, err))
		return i->group_others ? -EPERM : -ENODEV;
	if (udrv_host_exists("/sys/bus/pci/drivers/%s", driver))
		return 0;
	return udrv_host_fail(err, -ENOENT, "the kernel has no driver %s now: modprobe %s%s",
			      driver, driver,
			      !strcmp(driver, "udrv") ? ", or insmod udrv.ko" : "");
}

static int current_driver(const char *bdf, char *name, size_t size)
{
	name[0] = '\0';
	return udrv_host_link(name, size, "/sys/bus/pci/devices/%s/driver", bdf);
}

static int set_override(const char *bdf, const char *driver, struct udrv_error *err)
{
	/* A lone newline clears it. */
	int ret = udrv_host_write(driver[0] ? driver : "\n",
				  "/sys/bus/pci/devices/%s/driver_override", bdf);

	if (ret)
		return udrv_host_fail(err, ret, "%s: driver_override cannot be written: %s%s", bdf,
				      strerror(-ret), root_hint(ret));
	return 0;
}

static int let_go(const char *bdf, struct udrv_error *err)
{
	char driver[32];
	int ret;

	if (current_driver(bdf, driver, sizeof(driver)))
		return 0;
	ret = udrv_host_write_within(WRITE_MS, bdf, "/sys/bus/pci/devices/%s/driver/unbind", bdf);
	if (ret == -ETIMEDOUT)
		return udrv_host_fail(err, ret,
			"%s: %s does not let go of it after %d seconds: some program still uses it, and "
			"when that ends the device will be without a driver", bdf, driver,
			WRITE_MS / 1000);
	if (ret)
		return udrv_host_fail(err, ret, "%s: cannot be taken from %s: %s%s", bdf, driver,
				      strerror(-ret), root_hint(ret));
	return 0;
}

/* Offer the device to the drivers; did want take it? */
static bool probe(const char *bdf, const char *want)
{
	const struct timespec pause = { 0, 10000000 };
	char now[32];

	udrv_host_write_within(WRITE_MS, bdf, "/sys/bus/pci/drivers_probe");
	for (int ms = 0; ; ms += 10) {
		current_driver(bdf, now, sizeof(now));
		if (!strcmp(now, want))
			return true;
		if (ms >= PROBE_MS)
			return false;
		nanosleep(&pause, NULL);
	}
}

int udrv_host_bind(const char *bdf, const char *driver, struct udrv_error *err)
{
	struct udrv_host_info i;
	struct udrv_error ignored;
	char before[32] = "";
	int ret;

	if (!udrv_host_is_ours(driver))
		return udrv_host_fail(err, -EINVAL, "'%.32s': a device is bound to udrv or vfio-pci",
				      driver);
	ret = udrv_host_info(bdf, &i, err);
	if (ret)
		return ret;
	if (!strcmp(i.driver, driver))
		return 0;
	ret = check(&i, driver, err);
	if (ret)
		return ret;

	udrv_host_read(before, sizeof(before), "/sys/bus/pci/devices/%s/driver_override", i.bdf);
	if (!strcmp(before, "(null)"))
		before[0] = '\0';
	ret = set_override(i.bdf, driver, err);
	if (ret)
		return ret;
	ret = let_go(i.bdf, err);
	if (!ret && probe(i.bdf, driver))
		return 0;

	/* As it was, as far as that goes. */
	set_override(i.bdf, before, &ignored);
	if (!ret)
		ret = udrv_host_fail(err, -EIO,
			"%s: %s did not take the device (dmesg may say why); %s%s", i.bdf, driver,
			probe(i.bdf, i.driver) ? "it is back with " : "it is not back with ",
			i.driver[0] ? i.driver : "no driver");
	return ret;
}

int udrv_host_unbind(const char *bdf, struct udrv_error *err)
{
	struct udrv_host_info i;
	int ret = udrv_host_info(bdf, &i, err);

	if (ret)
		return ret;
	if (!udrv_host_is_ours(i.driver))
		return udrv_host_fail(err, -EINVAL, "%s: is not bound to udrv or vfio-pci but to %s",
				      i.bdf, i.driver[0] ? i.driver : "nothing");
	if (i.user[0])
		return udrv_host_fail(err, -EBUSY, "%s: is in use: %s", i.bdf, i.user);
	ret = set_override(i.bdf, "", err);
	if (!ret)
		ret = let_go(i.bdf, err);
	if (!ret)
		/* It may well be that no driver wants it. */
		udrv_host_write_within(WRITE_MS, i.bdf, "/sys/bus/pci/drivers_probe");
	return ret;
}
