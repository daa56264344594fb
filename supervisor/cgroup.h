/* SPDX-License-Identifier: MIT */
/*
 * cgroup.h - how much of the machine's memory and processes a device's drivers get,
 * by control groups (v2).  What the limits of setrlimit(2) do not see: many files in
 * memory, sockets' buffers, the kernel's own memory for them.
 */
#ifndef UDRVD_CGROUP_H
#define UDRVD_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Where groups are made; once, before the first device.  Under systemd udrvd's own
 * group, if that is delegated, else "udrv" below the root.  -errno, and why says
 * what is missing: then all goes on without. */
int udrvd_cgroups_init(char *why, int size);
void udrvd_cgroups_exit(void);

/* A device's group; -1: none.  For clone3(2). */
struct udrvd_cgroup {
	int dir;
	uint64_t oom;			/* processes that its limit has ended, ever */
	char name[32];
};
#define UDRVD_NO_CGROUP ((struct udrvd_cgroup){ .dir = -1 })

/* -EOPNOTSUPP: there are no groups. */
int udrvd_cgroup_open(struct udrvd_cgroup *g, const char *name, uint64_t memory, unsigned int tasks);
/* Did its limit end a process since the last time that we were asked? */
bool udrvd_cgroup_oom(struct udrvd_cgroup *g);
/* No process may be left in it. */
void udrvd_cgroup_close(struct udrvd_cgroup *g);

#endif /* UDRVD_CGROUP_H */
