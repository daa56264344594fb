/* SPDX-License-Identifier: MIT */
/* trace.h - the ring into which a driver writes what it and its device say to
 * each other (udrv/trace.h).  It is the driver's memory: nothing is believed. */
#ifndef UDRVD_TRACE_H
#define UDRVD_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

struct udrv_trace;

/* NULL and -1: none was asked for yet. */
struct udrvd_trace {
	int fd;
	struct udrv_trace *ring;
	bool on;
};

/* The ring is made when it is first switched on, and kept with what is in it.
 * Counts from the driver's next start.  0 or -errno. */
int udrvd_trace_switch(struct udrvd_trace *t, bool on);
void udrvd_trace_close(struct udrvd_trace *t);
/* The newest `limit` entries, oldest first.  NULL: no memory. */
struct json_object *udrvd_trace_report(const struct udrvd_trace *t, size_t limit);

#endif /* UDRVD_TRACE_H */
