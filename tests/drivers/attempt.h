/* SPDX-License-Identifier: MIT */
/*
 * attempt.h - drivers that try to harm others, one attempt in each life.
 *
 * A process says on stderr which attempt it makes and what came of it, and exits;
 * the next one makes the next.  Which one it is stands in the arena, the memory that
 * outlives drivers.  They use what they inherit directly, because libudrv would
 * refuse much of this by itself.  tests/vm/sup_malice.test judges.
 */
#ifndef TESTS_ATTEMPT_H
#define TESTS_ATTEMPT_H

#include <liburing.h>
#include <stddef.h>

struct attempt {
	const char *name;
	void (*fn)(void);
};

/* harm: it worked, which it must not. */
__attribute__((format(printf, 2, 3)))
void outcome(int harm, const char *fmt, ...);
/* ret < 0: refused with errno. */
void judge(long ret);

/* One operation of io_uring, through a ring with these flags: its result, or -1 and
 * errno.  Operations pass no filter of system calls. */
int by_ring(unsigned int flags, void (*prep)(struct io_uring_sqe *sqe, void *arg), void *arg);

/* Says READY=1, makes the next attempt and returns; when all are made it says
 * STATUS=done for ever.  wait: before the first one, NULL for none. */
int make_attempts(const struct attempt *all, size_t n, void (*wait)(void));

#endif /* TESTS_ATTEMPT_H */
