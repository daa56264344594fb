/* SPDX-License-Identifier: MIT */
/* interrupts.h - how often a device interrupted, by /proc/interrupts, where
 * udrv.ko and vfio-pci name their lines after it. */
#ifndef UDRVD_INTERRUPTS_H
#define UDRVD_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Of all lines and vectors with that address, since they were requested; a
 * shared line counts for each device on it.  false: there is none. */
bool udrvd_interrupts_parse(FILE *in, const char *bdf, uint64_t *count);
bool udrvd_interrupts(const char *bdf, uint64_t *count);

/* How many a second, between two looks; ns 0: nobody has looked yet. */
struct udrvd_rate {
	uint64_t ns, count;
	bool known;
	double per_s;
};
/* Looks that follow each other closely have the same answer. */
void udrvd_rate_look(struct udrvd_rate *r, uint64_t ns, uint64_t count);

#endif /* UDRVD_INTERRUPTS_H */
