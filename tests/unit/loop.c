// SPDX-License-Identifier: MIT
/* The event loop: what it does before it sleeps (udrv_loop_linger()). */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../libudrv/src/internal.h"

#define MS	1000000ull
#define LONG_US	2000000u
#define WAITS	24		/* how often vain_lingering_ends() sleeps ... */
#define LOOK_US	1000u		/* ... and for how long it looks before that */

struct waiter {
	struct udrv_op op;
	struct udrv_loop *loop;
	int fd;
	unsigned int left;
};

static void stop(struct udrv_op *op, int res, unsigned int flags)
{
	struct waiter *w = (struct waiter *)op;

	assert_true(res >= 0);
	if (!--w->left)
		udrv_loop_stop(w->loop, 7);
	else
		assert_int_equal(udrv_loop_timer(w->loop, 5, op), 0);
}

static void *later(void *arg)
{
	const struct waiter *w = arg;
	struct timespec ts = { .tv_nsec = 20 * MS };

	nanosleep(&ts, NULL);
	if (eventfd_write(w->fd, 1))
		abort();
	return NULL;
}

static long sleeps(void)
{
	struct rusage use;

	assert_int_equal(getrusage(RUSAGE_THREAD, &use), 0);
	return use.ru_nvcsw;
}

/* How often this thread slept until another one's event 20 ms from now was seen. */
static long sleeps_until_event(unsigned int linger_us)
{
	struct udrv_loop loop;
	struct waiter w = { .op.done = stop, .loop = &loop, .left = 1, .fd = eventfd(0, 0) };
	pthread_t thread;
	long before;

	assert_int_equal(udrv_loop_init(&loop), 0);
	udrv_loop_linger(&loop, linger_us);
	assert_int_equal(udrv_loop_poll(&loop, w.fd, POLLIN, &w.op), 0);
	assert_int_equal(pthread_create(&thread, NULL, later, &w), 0);
	before = sleeps();
	assert_int_equal(udrv_loop_run(&loop), 7);
	before = sleeps() - before;
	pthread_join(thread, NULL);
	close(w.fd);
	udrv_loop_exit(&loop);
	return before;
}

static void finds_what_comes_without_sleeping(void **state)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip();
	assert_int_equal(sleeps_until_event(LONG_US), 0);
	assert_true(sleeps_until_event(0) > 0);
}

/* There, what it waits for could not run while it looks. */
static void sleeps_on_the_only_processor(void **state)
{
	cpu_set_t cpus, one;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_true(sleeps_until_event(LONG_US) > 0);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

/* Of 24 sleeps, the 1st, 3rd, 6th, 11th and 20th are looked before. */
static void vain_lingering_ends(void **state)
{
	struct udrv_loop loop;
	struct waiter w = { .op.done = stop, .loop = &loop, .left = WAITS };
	uint64_t before;

	assert_int_equal(udrv_loop_init(&loop), 0);
	udrv_loop_linger(&loop, LOOK_US);
	assert_int_equal(udrv_loop_timer(&loop, 5, &w.op), 0);
	before = cpu_ns();
	assert_int_equal(udrv_loop_run(&loop), 7);
	assert_true(cpu_ns() - before < WAITS / 2 * MS);
	udrv_loop_exit(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_comes_without_sleeping),
		cmocka_unit_test(sleeps_on_the_only_processor),
		cmocka_unit_test(vain_lingering_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
