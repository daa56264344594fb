// SPDX-License-Identifier: MIT
/* ac97_window.c - see ac97_window.h.  Pure. */
#include <endian.h>

#include "ac97_window.h"

/* One is left free, so that LVI never seems to be right behind CIV. */
#define ROOM (BD_ENTRIES - 1)

void ac97_window_begin(struct ac97_window *w, uint64_t frame)
{
	w->end = frame;
	w->next = w->current = 0;
}

static void add(struct ac97_window *w, uint64_t end)
{
	unsigned int i = w->next % BD_ENTRIES;
	uint32_t samples = (uint32_t)(end - w->end) * AC97_FRAME_SAMPLES;
	uint32_t offset = (uint32_t)(w->end % w->frames) * AC97_FRAME_BYTES;

	w->bd[i].addr = htole32(w->iova + offset);
	w->bd[i].control = htole32(BD_IOC | samples);
	w->mark[i] = end;
	w->end = end;
	w->next++;
}

bool ac97_window_fill(struct ac97_window *w, uint64_t limit)
{
	unsigned int before = w->next;

	while (w->end < limit && w->next - w->current < ROOM) {
		uint64_t end = w->end - w->end % w->period + w->period;

		/* The ring ends with a period, so no piece wraps. */
		add(w, end < limit ? end : limit);
	}
	return w->next != before;
}

void ac97_window_advance(struct ac97_window *w, uint8_t civ)
{
	unsigned int step = (civ - w->current) % BD_ENTRIES;

	/* A descriptor that was never queued: the chip errs, or is gone. */
	if (step < w->next - w->current)
		w->current += step;
}

uint64_t ac97_window_position(const uint64_t *mark, uint8_t civ, uint16_t picb)
{
	return mark[civ % BD_ENTRIES] - picb / AC97_FRAME_SAMPLES;
}
