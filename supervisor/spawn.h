/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - a process that has its descriptors and nothing else: own session,
 * own user, no capability and no way to get one, dead when udrvd dies.
 */
#ifndef UDRVD_SPAWN_H
#define UDRVD_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <udrv/host.h>

#define UDRVD_FDS	16
/* Tasks of a confined driver: io_uring's helpers; it cannot fork. */
#define UDRVD_MAX_TASKS	16

struct udrvd_cell;
struct udrvd_filter;

struct udrvd_fd {
	int fd;
	const char *name;		/* in LISTEN_FDNAMES */
};

struct udrvd_spawn {
	const char *path;
	char *const *argv;
	char *const *env;		/* LISTEN_* are added */
	struct udrvd_fd fds[UDRVD_FDS];
	unsigned int n_fds;
	bool drop;			/* change to user and group */
	uid_t user;
	gid_t group;
	uint64_t memlock;		/* bytes; 0: leave it */
	struct udrv_host_ports ports;	/* of its device, which it may use */
	uint64_t file_size;		/* bytes in one file; 0: no limit */
	uint64_t memory;		/* bytes of addresses; 0: no limit */
	int output;			/* its standard output and error; -1: our stderr */
	bool core;			/* it may leave a core dump */
	int cgroup;			/* directory of its control group; -1: ours */
	const struct udrvd_cell *cell;	/* NULL: it sees all there is to see */
	int cell_error;			/* not 0: there should be a cell, but -errno */
	const struct udrvd_filter *filter;	/* NULL: any system call */
};

struct udrvd_process {
	pid_t pid;
	int pidfd;			/* readable once it is dead */
	int report;			/* readable: why it never got to run, or the listener */
	int said;			/* what it writes to its output; -1: that is ours */
	int listener;			/* of its filter, see filter.h; -1 */
	int failed_step, failed_errno;	/* 0: nothing failed */
};
#define UDRVD_NO_PROCESS ((struct udrvd_process){ .pidfd = -1, .report = -1, .listener = -1, .said = -1 })

/* The descriptors in p are the caller's then. */
int udrvd_spawn(const struct udrvd_spawn *s, struct udrvd_process *p);
/* Takes in what is readable at p->report: p->listener may be there then. */
void udrvd_spawn_listen(struct udrvd_process *p);
/* After the death: 0 if it was executed, else a sentence that says why not. */
int udrvd_spawn_report(struct udrvd_process *p, const char *path, char *text, size_t size);

/*
 * After the death: reap the process and end everything it left behind, so
 * that nobody holds a copy of the descriptors.  Its whole session is killed;
 * descendants that left it are our children by now (PR_SET_CHILD_SUBREAPER),
 * and known() tells them from the other drivers.  Bounded.
 * Returns how many descendants there were, or -ETIMEDOUT: something of it is left,
 * for udrvd_reap_strays() to take when it can be had.  If that is the process
 * itself, *status is that of one that SIGKILL has ended.
 */
int udrvd_reap(struct udrvd_process *p, int *status, bool (*known)(pid_t pid, void *arg),
	       void *arg);
/* End those that became our children while their driver lives on. */
void udrvd_reap_strays(bool (*known)(pid_t pid, void *arg), void *arg);

#endif /* UDRVD_SPAWN_H */
