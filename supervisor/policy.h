/* SPDX-License-Identifier: MIT */
/*
 * policy.h - after a death: when to try again, and when to give up.  Pure.
 *
 * A life was useful if the driver did I/O, or stood ready for the `healthy`
 * time.  A useful life wipes the slate; a useless one is a strike.
 *   strikes 0 and 1	restart at once
 *   strikes 2, 3, ...	after backoff_min, 2 backoff_min, ... backoff_max
 *   strikes == limit	give up
 * Whatever the strikes, two starts are at least backoff_min apart: a driver
 * that works and crashes again and again keeps its users going, and still
 * cannot make a fork storm.
 */
#ifndef UDRVD_POLICY_H
#define UDRVD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct udrvd_policy {
	uint64_t backoff_min, backoff_max, healthy;	/* ns */
	unsigned int limit;
};

/* Moments of one process, CLOCK_MONOTONIC ns; 0: it never came to that. */
struct udrvd_life {
	uint64_t spawned, ready, first_io, died;
};

struct udrvd_verdict {
	bool give_up;
	uint64_t delay;		/* ns from the death to the next start */
};

struct udrvd_verdict udrvd_policy_death(const struct udrvd_policy *p, unsigned int *strikes,
					const struct udrvd_life *life);

#endif /* UDRVD_POLICY_H */
