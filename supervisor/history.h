/* SPDX-License-Identifier: MIT */
/* history.h - what happened to a device, step by step, and how long its
 * recoveries took.  Both are rings: the oldest entries go first.  Pure. */
#ifndef UDRVD_HISTORY_H
#define UDRVD_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDRVD_HISTORY	256
#define UDRVD_RECOVERIES 256

/* What the entries are called in udrvctl history and its JSON. */
#define UDRVD_H_COMMAND		"command"	/* of an operator */
#define UDRVD_H_OPENED		"opened"	/* device, memory and endpoint are ours */
#define UDRVD_H_UNUSABLE	"unusable"
#define UDRVD_H_SPAWNED		"spawned"
#define UDRVD_H_GO		"go"		/* to the standby, with the device */
#define UDRVD_H_STANDBY		"standby"	/* what became of one */
#define UDRVD_H_UPGRADE		"upgrade"
#define UDRVD_H_HANDOVER	"handed-over"	/* the device runs on without a driver */
#define UDRVD_H_READY		"ready"
#define UDRVD_H_FIRST_IO	"first-io"
#define UDRVD_H_SIGNAL		"signal"	/* sent by us */
#define UDRVD_H_DIED		"died"		/* pidfd became readable */
#define UDRVD_H_BUS_MASTER	"bus-master-off"
#define UDRVD_H_IRQS		"interrupts-off"
#define UDRVD_H_RESET		"generic-reset"
#define UDRVD_H_UNMAP		"dma-unmapped"
#define UDRVD_H_QUIET		"quiet-at-last"	/* it took longer than was waited for */
#define UDRVD_H_DMA_FAULT	"dma-fault"	/* the IOMMU refused its DMA */
#define UDRVD_H_STORM		"irq-storm"	/* udrv.ko slowed its interrupts down */
#define UDRVD_H_ENDPOINT	"endpoint"
#define UDRVD_H_BACKOFF		"backoff"
#define UDRVD_H_HELD		"held"
#define UDRVD_H_RELEASED	"released"
#define UDRVD_H_PLUGGED		"plugged"	/* there is a device at its address */

struct udrvd_entry {
	uint64_t ns;			/* CLOCK_MONOTONIC */
	const char *what;		/* UDRVD_H_* */
	char detail[112];
};

struct udrvd_history {
	struct udrvd_entry ring[UDRVD_HISTORY];
	uint64_t n;			/* entries ever */
	uint64_t recovery[UDRVD_RECOVERIES];	/* ns each */
	uint64_t recoveries;		/* ever */
	uint64_t outage_since;		/* 0: there is none */
};

void udrvd_history_add(struct udrvd_history *h, uint64_t ns, const char *what,
		       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* i = 0: the oldest that is still there; NULL past the newest. */
const struct udrvd_entry *udrvd_history_get(const struct udrvd_history *h, size_t i);

/* An outage lasts from the death of a driver that was ready to the first I/O
 * of a later one, however many die in between. */
void udrvd_outage_begin(struct udrvd_history *h, uint64_t ns);
void udrvd_outage_end(struct udrvd_history *h, uint64_t ns);
/* Somebody wanted it: not a recovery. */
void udrvd_outage_forget(struct udrvd_history *h);

struct udrvd_recovery {
	size_t n;
	uint64_t last, min, median, max;	/* ns */
	uint64_t all[UDRVD_RECOVERIES];		/* oldest first */
};
void udrvd_recovery_stats(const struct udrvd_history *h, struct udrvd_recovery *r);

#endif /* UDRVD_HISTORY_H */
