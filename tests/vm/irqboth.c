// SPDX-License-Identifier: MIT
/* The fixture of irqboth.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "irqboth.h"

struct edu edu;
struct vfio vfio = { -1, -1, -1, 0 };
bool by_device;
int fd = -1;

int open_irq(void)
{
	return by_device ? vfio_irq_fd(&vfio, O_CLOEXEC) : line_open(&edu, O_RDWR);
}

void interrupt(void)
{
	edu_raise(&edu);
	assert_true(readable(fd, 2000));
}

int irq_setup(void **state)
{
	edu_ack(&edu);
	if (by_device)
		assert_int_equal(vfio_open(&vfio, edu.bdf), 0);
	fd = open_irq();
	assert_true(fd >= 0);
	nonblock(fd, true);
	while (get_count(fd) > 0)
		;
	assert_int_equal(get_count(fd), -EAGAIN);
	nonblock(fd, false);
	return 0;
}

int irq_teardown(void **state)
{
	edu_join();
	edu_ack(&edu);
	if (fd >= 0)
		close(fd);
	fd = -1;
	vfio_close(&vfio);
	return 0;
}

static int run(const char *kind, const struct CMUnitTest *tests, size_t n)
{
	struct CMUnitTest named[n];
	char names[n][64];

	/* The report tells the two runs apart by the names. */
	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%s: %s", kind, tests[i].name);
		named[i] = tests[i];
		named[i].name = names[i];
	}
	return _cmocka_run_group_tests(kind, named, n, NULL, NULL);
}

int run_both(int argc, char *argv[], const struct CMUnitTest *tests, size_t n)
{
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: %s BDF (an edu device bound to udrv)\n", argv[0]);
		return 100;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&edu, argv[1]);
	failed = run("line", tests, n);
	by_device = true;
	failed += run("device", tests, n);
	return failed ? 1 : 0;
}
