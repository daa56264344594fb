/* SPDX-License-Identifier: MIT */
/*
 * ac97_window.h - the 32 buffer descriptors as a window that moves along a
 * stream.  Pure: memory in, memory out.
 *
 * Each descriptor is a piece of one period at most and has an absolute end, its
 * mark.  So where the chip is follows from its two registers CIV and PICB and
 * the marks alone, whoever wrote them.
 */
#ifndef AC97_WINDOW_H
#define AC97_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <udrv/snd_abi.h>

#include "ac97_regs.h"

#define AC97_FRAME_BYTES	4u		/* stereo, 16 bits: all that the chip knows */
#define AC97_FRAME_SAMPLES	2u

struct ac97_bd {
	uint32_t addr;			/* little-endian, as all here */
	uint32_t control;		/* BD_IOC, and samples in the lower half */
};

struct ac97_window {
	struct ac97_bd *bd;
	uint64_t *mark;			/* frame behind each descriptor */
	uint32_t iova;			/* of the ring */
	uint32_t period, frames;
	uint64_t end;			/* frame behind the newest descriptor */
	unsigned int next, current;	/* free-running; the chip is in current */
};

/* The chip's registers were reset; its next frame is this one. */
void ac97_window_begin(struct ac97_window *w, uint64_t frame);
/* Add descriptors up to limit, as far as there is room; true: there are new
 * ones, up to ac97_window_last(). */
bool ac97_window_fill(struct ac97_window *w, uint64_t limit);
static inline uint8_t ac97_window_last(const struct ac97_window *w)
{
	return (uint8_t)((w->next - 1) % BD_ENTRIES);
}
/* The chip is in this descriptor now: those before it can be used again. */
void ac97_window_advance(struct ac97_window *w, uint8_t civ);

/* The frame that is next, when CIV and PICB read so. */
uint64_t ac97_window_position(const uint64_t *mark, uint8_t civ, uint16_t picb);

#endif /* AC97_WINDOW_H */
