// SPDX-License-Identifier: MIT
/* A call that hangs does not hang its caller, and what it needs stays until it
 * returns. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../supervisor/bounded.h"

struct nap {
	struct udrvd_job job;
	int ms, result;
};

static atomic_int dropped;

static void doze(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

static void run(struct udrvd_job *job)
{
	struct nap *n = (struct nap *)job;

	doze(n->ms);
	n->result = 7;
}

static void drop(struct udrvd_job *job)
{
	free(job);
	atomic_fetch_add(&dropped, 1);
}

static struct nap *make(int ms)
{
	struct nap *n = calloc(1, sizeof(*n));

	n->job = (struct udrvd_job){ .run = run, .drop = drop };
	n->ms = ms;
	return n;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void quick_ones(void **state)
{
	for (int i = 0; i < 200; i++) {
		struct nap *n = make(0);
		int late;

		assert_int_equal(udrvd_job_run(&n->job, 5000, &late), 0);
		assert_int_equal(n->result, 7);
		drop(&n->job);
	}
}

static void all_dropped(int wanted)
{
	for (int i = 0; i < 1000 && atomic_load(&dropped) < wanted; i++)
		doze(10);
	assert_int_equal(atomic_load(&dropped), wanted);
}

static void one_that_hangs(void **state)
{
	struct nap *n = make(1500);
	int64_t began = now_ms();
	int before = atomic_load(&dropped), late;

	assert_int_equal(udrvd_job_run(&n->job, 50, &late), -ETIMEDOUT);
	assert_true(now_ms() - began < 1200);
	assert_int_equal(atomic_load(&dropped), before);
	assert_int_equal(poll(&(struct pollfd){ late, POLLIN, 0 }, 1, 0), 0);
	assert_int_equal(poll(&(struct pollfd){ late, POLLIN, 0 }, 1, 5000), 1);
	all_dropped(before + 1);
	close(late);
}

/* Both are ready at the same moment, again and again. */
static void just_in_time(void **state)
{
	int before = atomic_load(&dropped), late = 0, fd;

	for (int i = 0; i < 200; i++) {
		struct nap *n = make(2);
		int ret = udrvd_job_run(&n->job, 2, &fd);

		if (ret == 0) {
			drop(&n->job);
		} else {
			late++;
			close(fd);
		}
	}
	all_dropped(before + 200);
	print_message("# %d of 200 were late\n", late);
}

static void measure(struct udrvd_job *job)
{
	struct nap *n = (struct nap *)job;
	pthread_attr_t attr;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstacksize(&attr, &size))
		n->result = (int)(size / 1024);
	pthread_attr_destroy(&attr);
}

/* In udrvd all of it is locked memory. */
static void a_small_stack(void **state)
{
	struct nap *n = make(0);
	int late;

	n->job.run = measure;
	assert_int_equal(udrvd_job_run(&n->job, 5000, &late), 0);
	print_message("# %d KiB of stack\n", n->result);
	assert_in_range(n->result, 128, 1024);
	drop(&n->job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_ones),
		cmocka_unit_test(one_that_hangs),
		cmocka_unit_test(just_in_time),
		cmocka_unit_test(a_small_stack),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
