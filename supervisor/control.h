/* SPDX-License-Identifier: MIT */
/*
 * control.h - the control socket: a JSON object a line in, one a line out.
 * Clients can be slow, silent or mad without delaying anybody: nothing here
 * blocks, and a client has one reply under way at most.
 */
#ifndef UDRVD_CONTROL_H
#define UDRVD_CONTROL_H

#include "loop.h"

#define UDRVD_CONTROL_PATH	"/run/udrv/control"
#define UDRVD_LINE_MAX		4096
#define UDRVD_CLIENTS		32

struct udrvd;
struct udrvd_client;

struct udrvd_control {
	struct udrvd_watch listener;
	struct udrvd *udrvd;
	const char *path;
	int lock;			/* of PATH.lock: one udrvd for a socket */
	struct udrvd_client *clients;
	unsigned int n;
};

/* Says on stderr what is wrong. */
int udrvd_control_open(struct udrvd_control *c, struct udrvd *udrvd, const char *path);
void udrvd_control_close(struct udrvd_control *c);

/* command.c: the reply to a line, without its newline; the caller frees it.
 * NULL: no memory. */
char *udrvd_command(struct udrvd *u, const char *line, size_t len);

#endif /* UDRVD_CONTROL_H */
