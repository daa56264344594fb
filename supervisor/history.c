// SPDX-License-Identifier: MIT
/* history.c - what happened to a device, and how long its recoveries took. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

void udrvd_history_add(struct udrvd_history *h, uint64_t ns, const char *what,
		       const char *fmt, ...)
{
	struct udrvd_entry *e = &h->ring[h->n++ % UDRVD_HISTORY];
	va_list ap;

	e->ns = ns;
	e->what = what;
	va_start(ap, fmt);
	vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
	va_end(ap);
}

const struct udrvd_entry *udrvd_history_get(const struct udrvd_history *h, size_t i)
{
	uint64_t first = h->n > UDRVD_HISTORY ? h->n - UDRVD_HISTORY : 0;

	return first + i < h->n ? &h->ring[(first + i) % UDRVD_HISTORY] : NULL;
}

void udrvd_outage_begin(struct udrvd_history *h, uint64_t ns)
{
	if (!h->outage_since)
		h->outage_since = ns;
}

void udrvd_outage_end(struct udrvd_history *h, uint64_t ns)
{
	if (!h->outage_since)
		return;
	h->recovery[h->recoveries++ % UDRVD_RECOVERIES] = ns - h->outage_since;
	h->outage_since = 0;
}

void udrvd_outage_forget(struct udrvd_history *h)
{
	h->outage_since = 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void udrvd_recovery_stats(const struct udrvd_history *h, struct udrvd_recovery *r)
{
	uint64_t first = h->recoveries > UDRVD_RECOVERIES ? h->recoveries - UDRVD_RECOVERIES : 0;
	uint64_t sorted[UDRVD_RECOVERIES];

	memset(r, 0, sizeof(*r));
	r->n = (size_t)(h->recoveries - first);
	if (!r->n)
		return;
	for (size_t i = 0; i < r->n; i++)
		sorted[i] = r->all[i] = h->recovery[(first + i) % UDRVD_RECOVERIES];
	qsort(sorted, r->n, sizeof(sorted[0]), compare);
	r->last = r->all[r->n - 1];
	r->min = sorted[0];
	r->max = sorted[r->n - 1];
	r->median = (sorted[(r->n - 1) / 2] + sorted[r->n / 2]) / 2;
}
