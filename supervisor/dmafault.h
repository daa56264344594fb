/* SPDX-License-Identifier: MIT */
/* dmafault.h - what the IOMMU says in the kernel's log. */
#ifndef UDRVD_DMAFAULT_H
#define UDRVD_DMAFAULT_H

#include <stdbool.h>

/* Does this line tell of a DMA of bdf, "0000:00:04.0", that the IOMMU refused?  Pure. */
bool udrvd_dma_fault_of(const char *line, const char *bdf);

#endif /* UDRVD_DMAFAULT_H */
