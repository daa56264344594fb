// SPDX-License-Identifier: MIT
/* bind.c - hand a device to udrv or vfio-pci, and back, through sysfs. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host_internal.h"

#define BIND_WAIT_MS	3000	/* probing is synchronous; asynchronous probes take a moment */

static bool any_iommu_group(void)
{
	char path[512];
	struct dirent *e;
	bool any = false;
	DIR *d;

	if (udrv_host_path(path, sizeof(path), "/sys/kernel/iommu_groups"))
		return false;
	d = opendir(path);
	while (d && !any && (e = readdir(d)))
		any = e->d_name[0] != '.';
	if (d)
		closedir(d);
	return any;
}

static int check_group(const struct udrv_host_info *i, struct udrv_error *err)
{
	if (i->iommu_group < 0 && !any_iommu_group())
		return udrv_host_fail(err, -ENODEV,
			"%s: no IOMMU in this machine, or it is switched off: nothing could keep the device "
			"from writing anywhere. Boot with intel_iommu=on or amd_iommu=on, and see the "
			"firmware's set-up (VT-d, AMD-Vi)", i->bdf);
	if (i->iommu_group < 0)
		return udrv_host_fail(err, -ENODEV,
			"%s: this device has no IOMMU group, so its DMA cannot be confined", i->bdf);
	if (i->group_others)
		return udrv_host_fail(err, -EPERM,
			"%s: shares IOMMU group %d with %s%s, which the kernel uses: they cannot be told "
			"apart by the IOMMU; bind all of the group or use another slot",
			i->bdf, i->iommu_group, i->group_other,
			i->group_others > 1 ? " and others" : "");
	return 0;
}

static int current_driver(const char *bdf, char *name, size_t size)
{
	name[0] = '\0';
	return udrv_host_link(name, size, "/sys/bus/pci/devices/%s/driver", bdf);
}

static bool wait_driver(const char *bdf, const char *want)
{
	const struct timespec pause = { 0, 10000000 };
	char now[32];

	for (int ms = 0; ms < BIND_WAIT_MS; ms += 10) {
		current_driver(bdf, now, sizeof(now));
		if (!strcmp(now, want))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int unbind_now(const char *bdf, struct udrv_error *err)
{
	char driver[32];
	int ret;

	if (current_driver(bdf, driver, sizeof(driver)))
		return 0;
	ret = udrv_host_write(bdf, "/sys/bus/pci/drivers/%s/unbind", driver);
	if (ret)
		return udrv_host_fail(err, ret, "%s: cannot be taken from %s: %s%s", bdf, driver,
				      strerror(-ret), ret == -EACCES ? " (are you root?)" : "");
	return 0;
}

static int set_override(const char *bdf, const char *driver, struct udrv_error *err)
{
	/* A lone newline clears it. */
	int ret = udrv_host_write(driver[0] ? driver : "\n",
				  "/sys/bus/pci/devices/%s/driver_override", bdf);

	if (ret)
		return udrv_host_fail(err, ret, "%s: driver_override cannot be written: %s%s", bdf,
				      strerror(-ret), ret == -EACCES ? " (are you root?)" : "");
	return 0;
}

/* The device as it was: its override cleared, the kernel's choice probed. */
static void give_back(const char *bdf)
{
	struct udrv_error ignored;

	set_override(bdf, "", &ignored);
	udrv_host_write(bdf, "/sys/bus/pci/drivers_probe");
}

int udrv_host_bind(const char *bdf, const char *driver, struct udrv_error *err)
{
	struct udrv_host_info i;
	int ret;

	if (strcmp(driver, "udrv") && strcmp(driver, "vfio-pci"))
		return udrv_host_fail(err, -EINVAL, "'%s': a device is bound to udrv or vfio-pci",
				      driver);
	ret = udrv_host_info(bdf, &i, err);
	if (ret)
		return ret;
	if (!strcmp(i.driver, driver))
		return 0;
	if (i.user[0])
		return udrv_host_fail(err, -EBUSY, "%s: in use by %s: %s", i.bdf, i.driver, i.user);
	ret = check_group(&i, err);
	if (ret)
		return ret;
	if (!udrv_host_exists("/sys/bus/pci/drivers/%s", driver))
		return udrv_host_fail(err, -ENOENT, "the kernel has no driver %s: %s", driver,
			!strcmp(driver, "udrv") ? "load our module (modprobe udrv, or insmod udrv.ko)"
						: "modprobe vfio-pci");

	ret = set_override(i.bdf, driver, err);
	if (ret)
		return ret;
	ret = unbind_now(i.bdf, err);
	if (!ret) {
		udrv_host_write(i.bdf, "/sys/bus/pci/drivers_probe");
		if (wait_driver(i.bdf, driver))
			return 0;
		ret = udrv_host_fail(err, -EIO,
			"%s: %s did not take the device (the kernel log says why)", i.bdf, driver);
	}
	give_back(i.bdf);
	return ret;
}

int udrv_host_unbind(const char *bdf, struct udrv_error *err)
{
	struct udrv_host_info i;
	int ret = udrv_host_info(bdf, &i, err);

	if (ret)
		return ret;
	if (strcmp(i.driver, "udrv") && strcmp(i.driver, "vfio-pci"))
		return udrv_host_fail(err, -EINVAL, "%s: is not bound to udrv or vfio-pci but to %s",
				      i.bdf, i.driver[0] ? i.driver : "nothing");
	ret = set_override(i.bdf, "", err);
	if (!ret)
		ret = unbind_now(i.bdf, err);
	if (!ret)
		/* It may well be that no driver wants it. */
		udrv_host_write(i.bdf, "/sys/bus/pci/drivers_probe");
	return ret;
}
