// SPDX-License-Identifier: MIT
/* info.c - what the kernel says about a PCI device. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"

int udrv_host_bdf(const char *text, char bdf[UDRV_BDF_LEN], struct udrv_error *err)
{
	static const char form[] = "xxxx:xx:xx.x";
	static const char zeros[] = "0000:00:00.0";
	size_t len = strlen(text);
	size_t skip = len == 7 ? 5 : 0;		/* without the domain */
	char full[UDRV_BDF_LEN];
	bool good = len + skip == UDRV_BDF_LEN - 1;

	memcpy(full, zeros, sizeof(full));
	for (size_t i = 0; good && i < len; i++) {
		if (form[skip + i] == 'x')
			good = isxdigit((unsigned char)text[i]);
		else
			good = text[i] == form[skip + i];
		full[skip + i] = (char)tolower((unsigned char)text[i]);
	}
	/* Slots are 00 to 1f, functions 0 to 7. */
	if (!good || full[8] > '1' || full[11] > '7')
		return udrv_host_fail(err, -EINVAL,
			"'%.64s' is not a PCI address: expected domain:bus:slot.function as in "
			"0000:00:04.0, or bus:slot.function", text);
	memcpy(bdf, full, sizeof(full));
	return 0;
}

static unsigned int read_hex(const char *bdf, const char *file)
{
	char text[32];

	if (udrv_host_read(text, sizeof(text), "/sys/bus/pci/devices/%s/%s", bdf, file))
		return 0;
	return (unsigned int)strtoul(text, NULL, 16);
}

bool udrv_host_is_ours(const char *driver)
{
	return !strcmp(driver, "udrv") || !strcmp(driver, "vfio-pci");
}

/* Drivers that leave DMA to user space, or do none: no danger in a group. */
static bool harmless(const char *driver)
{
	return udrv_host_is_ours(driver) || !strcmp(driver, "pcieport") ||
	       !strcmp(driver, "pci-stub");
}

static void read_group(struct udrv_host_info *info)
{
	char group[16], driver[32], dir[64], path[512];
	struct dirent *e;
	DIR *d;

	info->iommu_group = -1;
	if (udrv_host_link(group, sizeof(group), "/sys/bus/pci/devices/%s/iommu_group", info->bdf))
		return;
	info->iommu_group = atoi(group);
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/iommu_group/devices", info->bdf);
	if (udrv_host_path(path, sizeof(path), "%s", dir))
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !strcmp(e->d_name, info->bdf))
			continue;
		/* From here, because not every device is a PCI device. */
		if (udrv_host_link(driver, sizeof(driver), "%s/%s/driver", dir, e->d_name) ||
		    harmless(driver))
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
	udrv_host_find_user(&i, i.user, sizeof(i.user));
	*info = i;
	return 0;
}
