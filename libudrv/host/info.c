// SPDX-License-Identifier: MIT
/* info.c - what the kernel says about a PCI device. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"

int udrv_host_bdf(const char *text, char bdf[UDRV_BDF_LEN], struct udrv_error *err)
{
	unsigned int domain = 0, bus, slot, fn;
	int end = -1;

	if ((sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &fn, &end) == 4 &&
	     end == (int)strlen(text) && end == UDRV_BDF_LEN - 1 && slot < 32 && fn < 8) ||
	    (domain = 0, end = -1,
	     sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &fn, &end) == 3 &&
	     end == (int)strlen(text) && end == 7 && slot < 32 && fn < 8)) {
		/* sscanf also takes signs and blanks: hex digits only, please. */
		if (strspn(text, "0123456789abcdefABCDEF:.") == strlen(text)) {
			snprintf(bdf, UDRV_BDF_LEN, "%04x:%02x:%02x.%x", domain & 0xffff,
				 bus & 0xff, slot & 0x1f, fn & 7);
			return 0;
		}
	}
	return udrv_host_fail(err, -EINVAL,
		"'%.64s' is not a PCI address: expected domain:bus:slot.function as in 0000:00:04.0",
		text);
}

static unsigned int read_hex(const char *bdf, const char *file)
{
	char text[32];

	if (udrv_host_read(text, sizeof(text), "/sys/bus/pci/devices/%s/%s", bdf, file))
		return 0;
	return (unsigned int)strtoul(text, NULL, 16);
}

/* Drivers that leave DMA to user space, or do none: no danger in a group. */
static bool harmless(const char *driver)
{
	return !strcmp(driver, "udrv") || !strcmp(driver, "vfio-pci") ||
	       !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub");
}

static void read_group(struct udrv_host_info *info)
{
	char group[16], driver[32], path[512];
	struct dirent *e;
	DIR *d;

	info->iommu_group = -1;
	if (udrv_host_link(group, sizeof(group), "/sys/bus/pci/devices/%s/iommu_group", info->bdf))
		return;
	info->iommu_group = atoi(group);
	if (udrv_host_path(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/devices",
			   info->bdf))
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !strcmp(e->d_name, info->bdf) ||
		    strlen(e->d_name) >= UDRV_BDF_LEN)
			continue;
		if (udrv_host_link(driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver",
				   e->d_name) || harmless(driver))
			continue;
		info->group_others++;
		snprintf(info->group_other, sizeof(info->group_other), "%.12s", e->d_name);
	}
	if (d)
		closedir(d);
}

int udrv_host_info(const char *bdf, struct udrv_host_info *info, struct udrv_error *err)
{
	struct udrv_host_info i = { .iommu_group = -1 };
	int ret = udrv_host_bdf(bdf, i.bdf, err);

	if (ret)
		return ret;
	if (!udrv_host_exists("/sys/bus/pci/devices/%s", i.bdf))
		return udrv_host_fail(err, -ENODEV,
			"%s: there is no such PCI device (udrvctl list shows those there are)",
			i.bdf);
	i.vendor = (uint16_t)read_hex(i.bdf, "vendor");
	i.device = (uint16_t)read_hex(i.bdf, "device");
	i.class_code = read_hex(i.bdf, "class");
	udrv_host_link(i.driver, sizeof(i.driver), "/sys/bus/pci/devices/%s/driver", i.bdf);
	read_group(&i);
	udrv_host_find_user(i.bdf, i.user, sizeof(i.user));
	*info = i;
	return 0;
}
