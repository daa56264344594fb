// SPDX-License-Identifier: MIT
/* dmafault_line.c - what the kernel says of DMA that the IOMMU refused. */
#include <stdio.h>
#include <string.h>

#include "dmafault.h"

/*
 * Intel: "DMAR: [DMA Write NO_PASID] Request device [00:08.0] fault addr 0x..."; Linux
 * 7.3 names the domain as well, 6.12 does not.
 * AMD: "... Event logged [IO_PAGE_FAULT device=0000:00:08.0 ...".
 */
bool udrvd_dma_fault_of(const char *line, const char *bdf)
{
	const char *const slot = strlen(bdf) > 5 ? bdf + 5 : bdf;
	char full[24], brief[24];

	if (strstr(line, "DMAR: ") && strstr(line, "fault addr")) {
		snprintf(full, sizeof(full), "[%s]", bdf);
		snprintf(brief, sizeof(brief), "[%s]", slot);
		return strstr(line, full) || strstr(line, brief);
	}
	snprintf(full, sizeof(full), "device=%s", bdf);
	return strstr(line, "IO_PAGE_FAULT") && strstr(line, full);
}
