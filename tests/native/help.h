/* SPDX-License-Identifier: MIT */
/* help.h - what the native tests share. */
#ifndef TESTS_NATIVE_HELP_H
#define TESTS_NATIVE_HELP_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../libudrv/src/backend_qtest.h"

/* A QEMU that outlives the drivers on it; name is for udrv_open(). */
struct qemu {
	struct udrv_qtest_vm vm;
	char name[32];
};
void qemu_start(struct qemu *qemu, const char *device, size_t dma_size);
void qemu_stop(struct qemu *qemu);
/* The QEMU process, which is the keeper's only child. */
pid_t qemu_pid(const struct udrv_qtest_vm *vm);
/* The qtest state behind a device, also behind UDRV_FAULT. */
struct udrv_qtest *qtest_of(struct udrv_dev *dev);

/* Wait until the process is gone (or a zombie that others reap); bounded. */
bool ends_within(pid_t pid, unsigned int ms);

/* What goes to stderr from here on can be looked at; log_end() shows it if the
 * test has failed.  Use them as setup and teardown. */
int log_begin(void **state);
int log_end(void **state);
const char *log_text(void);
#define assert_logged(what)						\
	do {								\
		if (!strstr(log_text(), what))				\
			fail_msg("not in the log: %s", what);		\
	} while (0)

/* Run a program of the build folder, as in "examples/edu"; bounded to 30 s.
 * Its exit status, or 1000 + the signal. */
int run(const char *program, const char *arg);
pid_t run_start(const char *program, const char *arg);
int run_wait(pid_t pid, unsigned int ms);

/* What this process holds. */
struct held {
	unsigned int fds, maps;
	size_t heap;
};
struct held held_now(void);

#endif /* TESTS_NATIVE_HELP_H */
