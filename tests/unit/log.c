// SPDX-License-Identifier: MIT
/* Whoever reads the log may stand still: that keeps nobody, and the loss is told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../supervisor/log.h"

static int ends[2], saved;
static char text[1 << 20];

/* A pipe as stderr; who waits for it is ended. */
static int setup(void **state)
{
	unsetenv("JOURNAL_STREAM");
	alarm(20);
	saved = dup(STDERR_FILENO);
	return pipe2(ends, O_CLOEXEC) || dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	alarm(0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* Leaves so many of its pages free. */
static void fill(int left)
{
	static const char page[65536];
	long size = sysconf(_SC_PAGESIZE), pages = fcntl(ends[1], F_GETPIPE_SZ) / size;

	for (long i = 0; i < pages - left; i++)
		assert_int_equal(write(ends[1], page, (size_t)size), size);
}

/* What is in the pipe, behind what fill() put there. */
static const char *drain(void)
{
	ssize_t n = read(ends[0], text, sizeof(text) - 1);
	const char *at;

	assert_true(n >= 0);
	text[n] = '\0';
	at = memrchr(text, '\0', (size_t)n);
	return at ? at + 1 : text;
}

static void lines_arrive(void **state)
{
	udrvd_log(UDRV_INFO, "net0", "pid %d is ready", 7);
	udrvd_log_write("words\n", 6);
	assert_string_equal(drain(), "udrvd: net0: pid 7 is ready\nwords\n");
}

static void a_full_pipe(void **state)
{
	fill(0);
	for (int i = 0; i < 3; i++)
		udrvd_log(UDRV_ERR, NULL, "to nobody");
	udrvd_log_write("a\nb\nc", 5);
	drain();
	udrvd_log(UDRV_ERR, NULL, "somebody");
	udrvd_log(UDRV_ERR, NULL, "again");
	assert_string_equal(drain(), "udrvd: 5 lines were lost\nudrvd: somebody\nudrvd: again\n");
}

/* There is room for the line that tells it, and then for no other. */
static void full_again(void **state)
{
	fill(0);
	udrvd_log(UDRV_ERR, NULL, "to nobody");
	drain();
	fill(1);
	udrvd_log(UDRV_ERR, NULL, "to nobody");
	assert_string_equal(drain(), "udrvd: 1 line was lost\n");
	udrvd_log(UDRV_ERR, NULL, "somebody");
	assert_string_equal(drain(), "udrvd: 1 line was lost\nudrvd: somebody\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(lines_arrive), T(a_full_pipe), T(full_again) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
