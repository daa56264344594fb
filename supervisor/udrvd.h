/* SPDX-License-Identifier: MIT */
/* udrvd.h - the whole daemon. */
#ifndef UDRVD_H
#define UDRVD_H

#include <stdbool.h>

#include "config.h"
#include "control.h"
#include "device.h"
#include "filter.h"
#include "loop.h"

struct udrvd {
	struct udrvd_loop loop;
	struct udrvd_configs configs;
	struct udrvd_device *devices;
	size_t n;
	struct udrvd_control control;
	struct udrvd_timer watchdog;	/* we are to say that we live */
	uint64_t watchdog_every;	/* ns; 0: nobody wants to know */
	struct udrvd_watch signals, kmsg, uevents;
	struct udrvd_timer last_call;	/* the end cannot take longer than this */
	struct udrvd_filter filter;	/* for drivers that are confined */
	bool root;			/* drivers get a user of their own */
	bool ending;
	int status;			/* to exit with */
};

struct udrvd_device *udrvd_find(struct udrvd *u, const char *name);
/* Stop all drivers, then the loop. */
void udrvd_end(struct udrvd *u);
/* A device came to rest: was it the last one? */
void udrvd_settled(struct udrvd *u);
/* A living process that we have started? */
bool udrvd_knows(pid_t pid, void *udrvd);

/* dmafault.c.  Not vital: without root there is no kernel log. */
void udrvd_dma_faults_watch(struct udrvd *u);

/* plug.c.  Not vital: without it a device that comes waits for udrvctl start. */
void udrvd_plug_watch(struct udrvd *u);

#endif /* UDRVD_H */
