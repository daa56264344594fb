/* SPDX-License-Identifier: MIT */
/* abusedma.h - values for abusefuzz.c, and what it tries with DMA mappings. */
#ifndef ABUSEDMA_H
#define ABUSEDMA_H

#include "irqlib.h"

extern uint64_t seed;			/* not 0 */

uint32_t rnd(uint32_t below);
/* Mostly below the limit, now and then at the edges of the type. */
uint32_t value(uint32_t below);
/* Maps or unmaps some of buffer's 64 KiB; what the system call did. */
long abuse_dma(const struct vfio *vfio, void *buffer);

#endif
