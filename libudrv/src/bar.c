// SPDX-License-Identifier: MIT
/* bar.c - windows of registers; the device keeps them until it is closed. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "internal.h"

int udrv_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	int ret;

	if (n >= UDRV_BARS)
		return -ENOENT;
	if (!dev->bar_mapped[n]) {
		ret = dev->ops->bar_map(dev, n, &dev->bars[n]);
		if (ret) {
			udrv_log(dev, UDRV_ERR, "BAR %u cannot be mapped: %s", n,
				 strerror(-ret));
			return ret;
		}
		dev->bar_mapped[n] = true;
	}
	*bar = dev->bars[n];
	return 0;
}

void udrv_bar_close_all(struct udrv_dev *dev)
{
	for (unsigned int n = 0; n < UDRV_BARS; n++) {
		if (dev->bar_mapped[n] && dev->ops->bar_unmap)
			dev->ops->bar_unmap(dev, n, &dev->bars[n]);
		dev->bar_mapped[n] = false;
	}
}

/* Naturally aligned and inside config space (4096 bytes with PCI Express). */
static int config_check(unsigned int off, unsigned int len)
{
	if ((len != 1 && len != 2 && len != 4) || off % len || off > 4096 - len)
		return -EINVAL;
	return 0;
}

int udrv_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t *val)
{
	int ret = config_check(off, len);

	return ret ? ret : dev->ops->config_read(dev, off, len, val);
}

int udrv_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t val)
{
	int ret = config_check(off, len);

	return ret ? ret : dev->ops->config_write(dev, off, len, val);
}

int udrv_bus_master(struct udrv_dev *dev, bool on)
{
	uint32_t cmd, want;
	int ret;

	if (!udrv_has_hardware(dev->drv))
		return 0;
	ret = udrv_config_read(dev, PCI_COMMAND, 2, &cmd);
	if (ret)
		return ret;
	want = on ? cmd | PCI_COMMAND_MASTER : cmd & ~(uint32_t)PCI_COMMAND_MASTER;
	want |= PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	ret = udrv_config_write(dev, PCI_COMMAND, 2, want);
	if (ret)
		return ret;
	ret = udrv_config_read(dev, PCI_COMMAND, 2, &cmd);
	if (ret)
		return ret;
	/* A device that has gone reads as all ones: "on", whatever we wrote. */
	return !!(cmd & PCI_COMMAND_MASTER) == on ? 0 : -EIO;
}
