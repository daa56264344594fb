// SPDX-License-Identifier: MIT
/*
 * show.c - lspci -v in few lines: what a driver's author wants to know about a
 * device before the first line of a driver.
 *
 *	show			all devices
 *	show 0000:00:04.0	one, or 00:04.0, or a pattern as for lspci -s (04.*)
 */
#include <err.h>
#include <inttypes.h>
#include <pci/pci.h>
#include <stdbool.h>
#include <stdio.h>

/* What a driver may want to use; lspci -vv decodes all of them. */
static const char *cap_name(const struct pci_cap *cap)
{
	static const char *const names[] = {
		[PCI_CAP_ID_PM] = "power management", [PCI_CAP_ID_MSI] = "MSI",
		[PCI_CAP_ID_VNDR] = "the vendor's own", [PCI_CAP_ID_EXP] = "PCI Express",
		[PCI_CAP_ID_MSIX] = "MSI-X", [PCI_CAP_ID_AF] = "function level reset",
	};
	bool known = cap->type == PCI_CAP_NORMAL && cap->id < sizeof(names) / sizeof(names[0]);

	return known && names[cap->id] ? names[cap->id] : "other";
}

static void show_bar(const struct pci_dev *d, int n)
{
	bool ports = d->base_addr[n] & PCI_BASE_ADDRESS_SPACE_IO;
	uint64_t addr = d->base_addr[n] & (ports ? PCI_ADDR_IO_MASK : PCI_ADDR_MEM_MASK);

	if (d->size[n])
		printf("\tBAR %d: %s at %#" PRIx64 ", %" PRIu64 " bytes\n", n,
		       ports ? "ports" : "memory", addr, (uint64_t)d->size[n]);
}

static void show(struct pci_access *acc, struct pci_dev *d)
{
	char name[256], class[128];
	const char *driver, *group;

	pci_fill_info(d, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_IRQ | PCI_FILL_BASES |
		      PCI_FILL_SIZES | PCI_FILL_CAPS | PCI_FILL_EXT_CAPS | PCI_FILL_DRIVER |
		      PCI_FILL_IOMMU_GROUP);
	printf("%04x:%02x:%02x.%d %s: %s\n", d->domain, d->bus, d->dev, d->func,
	       pci_lookup_name(acc, class, sizeof(class), PCI_LOOKUP_CLASS, d->device_class),
	       pci_lookup_name(acc, name, sizeof(name), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			       d->vendor_id, d->device_id));
	driver = pci_get_string_property(d, PCI_FILL_DRIVER);
	group = pci_get_string_property(d, PCI_FILL_IOMMU_GROUP);
	printf("\tids %04x:%04x, driver %s, IOMMU group %s, irq %d\n", d->vendor_id, d->device_id,
	       driver ? driver : "none", group ? group : "none", d->irq);
	for (int n = 0; n < 6; n++)
		show_bar(d, n);
	for (struct pci_cap *cap = d->first_cap; cap; cap = cap->next)
		printf("\t%scapability %#04x at %#05x: %s\n",
		       cap->type == PCI_CAP_EXTENDED ? "extended " : "", cap->id, cap->addr,
		       cap_name(cap));
}

int main(int argc, char *argv[])
{
	struct pci_access *acc = pci_alloc();
	struct pci_filter filter;
	const char *wrong;
	int shown = 0;

	if (argc > 2)
		errx(100, "usage: show [[domain:]bus:slot.function]");
	pci_filter_init(acc, &filter);
	wrong = argc > 1 ? pci_filter_parse_slot(&filter, argv[1]) : NULL;
	if (wrong)
		errx(100, "%s: %s", argv[1], wrong);
	pci_init(acc);
	pci_scan_bus(acc);
	for (struct pci_dev *d = acc->devices; d; d = d->next)
		if (pci_filter_match(&filter, d) && ++shown)
			show(acc, d);
	pci_cleanup(acc);
	if (!shown)
		errx(1, "there is no such PCI device");
	return 0;
}
