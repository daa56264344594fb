/* SPDX-License-Identifier: MIT */
/* memory.h - memory that outlives drivers. */
#ifndef UDRVD_MEMORY_H
#define UDRVD_MEMORY_H

#include <stdint.h>

/* A memfd, sealed in size: a driver that shrank it would kill whoever reads it.
 * -errno */
int udrvd_memfd(const char *name, uint64_t size);

#endif /* UDRVD_MEMORY_H */
