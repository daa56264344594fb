/* SPDX-License-Identifier: MIT */
/*
 * What a driver and its device said to each other: each access to a register
 * or to config space, and each interrupt, with the names that the driver gave
 * its registers (struct udrv_driver.regs).
 *
 * Under a supervisor the trace is a ring in a memfd named "trace", which it
 * keeps: so it can be read after the driver's death, too.  One writer, the
 * driver; readers believe nothing they have not checked.  Stand-alone,
 * UDRV_TRACE=FILE writes lines to a file, or to stderr with UDRV_TRACE=-.
 *
 * A driver that is not traced pays nothing: its windows are mapped without
 * the tracer, so a trace begins with the driver's start.
 */
#ifndef UDRV_TRACE_H
#define UDRV_TRACE_H

#include <stdint.h>

#define UDRV_TRACE_MAGIC	0x63727475u	/* "utrc" */
#define UDRV_TRACE_ENTRIES	16384u		/* a power of two */

enum udrv_trace_kind {
	UDRV_TRACE_READ = 'r', UDRV_TRACE_WRITE = 'w',			/* a BAR */
	UDRV_TRACE_CONFIG_READ = 'c', UDRV_TRACE_CONFIG_WRITE = 'C',
	UDRV_TRACE_IRQ = 'i',		/* off: vector; val: how many at once */
};

struct udrv_trace_entry {
	uint64_t ns;			/* CLOCK_MONOTONIC */
	uint32_t off, val;
	uint8_t kind, bar, width;	/* enum udrv_trace_kind; width in bytes */
	uint8_t at;			/* how far into the named array */
	char name[12];			/* cut, or "" */
};

struct udrv_trace {
	uint32_t magic;
	uint32_t on;			/* the supervisor's: drivers that start trace */
	uint64_t n;			/* entries ever; the newest is (n - 1) % ENTRIES */
	struct udrv_trace_entry ring[UDRV_TRACE_ENTRIES];
};

#endif /* UDRV_TRACE_H */
