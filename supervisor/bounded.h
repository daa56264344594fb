/* SPDX-License-Identifier: MIT */
/*
 * bounded.h - calls that may hang in the kernel, such as the reset of a device
 * that does not answer any more.
 */
#ifndef UDRVD_BOUNDED_H
#define UDRVD_BOUNDED_H

#include <stdatomic.h>

/* Embed it in what the call needs, all of which must be the job's own. */
struct udrvd_job {
	void (*run)(struct udrvd_job *job);	/* in a thread: system calls only */
	void (*drop)(struct udrvd_job *job);	/* frees it */
	int done;				/* eventfd */
	atomic_int users;			/* the thread, and we while we wait */
};

/*
 * 0: it was run, and the caller drops it.  -ETIMEDOUT: it still runs, and drops
 * itself whenever it returns; *late, the caller's then, can be read from that moment
 * on (-1: there was no descriptor left).  Else -errno, not run, and the caller drops it.
 */
int udrvd_job_run(struct udrvd_job *job, int ms, int *late);

#endif /* UDRVD_BOUNDED_H */
