/* SPDX-License-Identifier: MIT */
/* memory.h - memory that outlives drivers. */
#ifndef UDRVD_MEMORY_H
#define UDRVD_MEMORY_H

#include <stdint.h>

/* A memfd, sealed in size: a driver that shrank it would kill whoever reads it.
 * -errno */
int udrvd_memfd(const char *name, uint64_t size);

/* The same for DMA: in pages of 2 MiB, as far as they can be had now.  The IOMMU
 * then has one entry where it had 512, to write and for the device to look up. */
int udrvd_memfd_dma(const char *name, uint64_t size);

#endif /* UDRVD_MEMORY_H */
