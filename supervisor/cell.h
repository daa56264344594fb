/* SPDX-License-Identifier: MIT */
/*
 * cell.h - namespaces in which there is a driver's program and nothing else.
 *
 * The root directory is a read-only file system in memory with copies of the
 * program and its libraries (so that it neither keeps a disk busy nor needs
 * one), and with the files that the configuration adds.  There is no network
 * but the descriptors that the driver inherits, and no other process's IPC.
 */
#ifndef UDRVD_CELL_H
#define UDRVD_CELL_H

#include <stdbool.h>
#include <sys/stat.h>

#include "config.h"

enum { UDRVD_CELL_MOUNTS, UDRVD_CELL_NET, UDRVD_CELL_IPC, UDRVD_CELL_UTS, UDRVD_CELL_SPACES };

struct udrvd_cell {
	int space[UDRVD_CELL_SPACES];	/* descriptors of namespaces; [0] -1: there is no cell */
	char program[256];		/* of which this is in it: */
	struct stat file;
};

void udrvd_cell_init(struct udrvd_cell *c);
/*
 * Makes it, if there is none with this program as it is now.  Bounded.
 * -EPERM, -ENOSYS: this udrvd can make none; else the program cannot be run, and
 * text says why.
 */
int udrvd_cell_open(struct udrvd_cell *c, const char *program, const struct udrvd_config *cfg,
		    char *text, size_t size);
/* The calling process, for ever: 0 or -1 with errno.  Async-signal-safe. */
int udrvd_cell_enter(const struct udrvd_cell *c);
void udrvd_cell_close(struct udrvd_cell *c);

#endif /* UDRVD_CELL_H */
