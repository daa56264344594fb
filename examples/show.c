// SPDX-License-Identifier: MIT
/* show.c - lspci for drivers to be: what each PCI device is, its driver, IOMMU
 * group and interrupt line, and who uses it. */
#include <pci/pci.h>
#include <stdio.h>
#include <udrv/host.h>

static void show(struct pci_access *pci, struct pci_dev *d)
{
	struct udrv_host_info info;
	char bdf[32], class[128], name[256];

	pci_fill_info(d, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_IRQ);
	snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%d", d->domain, d->bus, d->dev, d->func);
	printf("%s %s: %s [%04x:%04x]\n", bdf,
	       pci_lookup_name(pci, class, sizeof(class), PCI_LOOKUP_CLASS, d->device_class),
	       pci_lookup_name(pci, name, sizeof(name), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			       d->vendor_id, d->device_id),
	       d->vendor_id, d->device_id);
	if (udrv_host_info(bdf, &info, NULL))
		return;		/* it has just been unplugged */
	printf("\tdriver: %s\n", info.driver[0] ? info.driver : "none");
	if (info.iommu_group < 0)
		printf("\tIOMMU group: none\n");
	else
		printf("\tIOMMU group: %d%s%s\n", info.iommu_group,
		       info.group_others ? ", shared with " : "", info.group_other);
	if (d->irq > 0)
		printf("\tirq: %d\n", d->irq);
	if (info.user[0])
		printf("\tin use: %s\n", info.user);
}

int main(int argc, char *argv[])
{
	struct pci_access *pci = pci_alloc();
	struct pci_filter filter;
	char *wrong = argc > 2 ? "too many arguments" : NULL;
	int shown = 0;

	pci_filter_init(pci, &filter);
	if (argc == 2)
		wrong = pci_filter_parse_slot(&filter, argv[1]);
	if (wrong) {
		fprintf(stderr, "%s\nusage: show [[[DOMAIN]:][BUS]:]SLOT[.FUNCTION]\n", wrong);
		return 100;
	}
	pci_init(pci);
	pci_scan_bus(pci);
	for (struct pci_dev *d = pci->devices; d; d = d->next)
		if (pci_filter_match(&filter, d)) {
			show(pci, d);
			shown++;
		}
	pci_cleanup(pci);
	if (!shown)
		fprintf(stderr, "there is no such PCI device\n");
	return shown ? 0 : 1;
}
