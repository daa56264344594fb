/* SPDX-License-Identifier: MIT */
/* udrvd_rig.h - an udrvd with a directory of its own, for tests. */
#ifndef UDRVD_RIG_H
#define UDRVD_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>
#include <json-c/json.h>

struct rig {
	char dir[64];			/* c/NAME.ini, s (socket), log, fake */
	char build[256];		/* where the programs are */
	pid_t pid;			/* of udrvd; 0: it does not run */
	int fd;				/* connection to it */
	int turn;			/* a lock: one rig at a time */
};

/* CMocka's setup and teardown; the latter ends what still runs. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Give it a device; config follows the [device] section's name, bdf, driver. */
void rig_device(struct rig *r, const char *name, const char *config);
/* The same with another driver than the fake one. */
void rig_device_driver(struct rig *r, const char *name, const char *driver, const char *config);
/* A new file of the fake driver. */
void rig_install(struct rig *r, const char *path);
void rig_start(struct rig *r);
/* SIGTERM, or another signal; returns the status of waitpid(). */
int rig_end(struct rig *r, int sig);

/* Fails the test, and shows udrvd's log. */
void rig_fail(struct rig *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
#define rig_want(r, condition) \
	do { if (!(condition)) rig_fail(r, "%s:%d: %s", __FILE__, __LINE__, #condition); } while (0)

/* A connection of one's own; a line to it and one back (to be freed). */
int rig_connect(struct rig *r);
char *rig_line(int fd, const char *text);

/* Requests over the rig's connection. */
struct json_object *rig_ask(struct rig *r, const char *request);	/* to be put */
bool rig_do(struct rig *r, const char *cmd, const char *name);	/* is it ok? */
int64_t rig_number(struct rig *r, const char *name, const char *key);
/* Valid until the next call. */
const char *rig_text(struct rig *r, const char *name, const char *key);
/* Until the device is in this state; fails the test after ms. */
void rig_wait(struct rig *r, const char *name, const char *state, int ms);
/* The same for a number. */
void rig_wait_number(struct rig *r, const char *name, const char *key, int64_t at_least, int ms);

/* Processes that run the rig's driver program. */
int rig_drivers(struct rig *r);
bool rig_gone(struct rig *r, int ms);	/* until there are none */

bool rig_log_has(struct rig *r, const char *text);
/* Runs a program of the build; its output is in text. */
int rig_run(struct rig *r, char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

void nap_ms(int ms);
double now_ms(void);

#endif /* UDRVD_RIG_H */
