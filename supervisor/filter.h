/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the system calls that a driver may make, as a seccomp filter.
 *
 * Any other call is not carried out: it waits while udrvd is told which one it
 * was, and udrvd kills the process.  So the history can name the call, which a
 * plain SIGSYS would not.
 */
#ifndef UDRVD_FILTER_H
#define UDRVD_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct seccomp_notif;
struct sock_filter;

struct udrvd_filter {
	struct sock_filter *code;
	unsigned short n;
};

/* 0 or -errno. */
int udrvd_filter_make(struct udrvd_filter *f);
void udrvd_filter_free(struct udrvd_filter *f);

/* For this process and what it executes, for ever: a descriptor that is readable
 * while a forbidden call waits, or -1 with errno.  Async-signal-safe; needs
 * no_new_privs; changes the code, so it is for a child only. */
int udrvd_filter_install(struct udrvd_filter *f);
/* A call that waits; 0 or -errno. */
int udrvd_filter_receive(int listener, struct seccomp_notif *n);
/* Is it one that udrvd carries out itself?  See ring.h. */
bool udrvd_filter_wants_ring(const struct seccomp_notif *n);
/* What was tried, such as "seccomp: syscall ptrace". */
void udrvd_filter_describe(const struct seccomp_notif *n, char *text, size_t size);

#endif /* UDRVD_FILTER_H */
