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

struct io_uring_params;
struct seccomp_notif;

/* A ring that its owner has to enable; it can do nothing but what is allowed.  A
 * descriptor, or -EINVAL: too large, or with flags that a driver does not need. */
int udrvd_ring_make(unsigned int entries, struct io_uring_params *p);

/* Answers an io_uring_setup(2) that waits at the listener.  *rings counts those of
 * the process. */
void udrvd_ring_answer(int listener, const struct seccomp_notif *n, unsigned int *rings);
/*
 * The driver's own ring, unrestricted.  For disks: Linux 6.12's ublk has freed a
 * request twice when a ring that udrvd had made ended under load
 * (tests/vm/sup_plug_disk), and whether udrvd's part in the ring matters is not
 * known.  What such a ring can reach, the cell and the missing privileges bound.
 */
void udrvd_ring_pass(int listener, const struct seccomp_notif *n);

#endif /* UDRVD_RING_H */
