/* SPDX-License-Identifier: MIT */
/*
 * ring.h - io_uring for drivers.
 *
 * A ring's operations are no system calls, so the filter does not see them.
 * Therefore a confined driver cannot make a ring: its io_uring_setup(2) waits, udrvd
 * makes the ring, restricts it to what a driver does with the descriptors it has,
 * and puts it into the driver, as if the call had done so.
 */
#ifndef UDRVD_RING_H
#define UDRVD_RING_H

#include <stdbool.h>

struct io_uring_params;
struct seccomp_notif;

/* A ring that its owner has to enable; it can do nothing but what is allowed.  A
 * descriptor, or -EINVAL: too large, or with flags that a driver does not need. */
int udrvd_ring_make(unsigned int entries, struct io_uring_params *p, bool disk);

/* Answers an io_uring_setup(2) that waits at the listener.  *rings counts those of
 * the process. */
void udrvd_ring_answer(int listener, const struct seccomp_notif *n, bool disk,
		       unsigned int *rings);

#endif /* UDRVD_RING_H */
