// SPDX-License-Identifier: MIT
/*
 * Programs for Chubb's ABI of 2004, in the four shapes that they have in the
 * field.  Each knows only /proc/irq/N/irq and its own device; here that is an
 * edu device, and for a second line an e1000.
 *
 *	irqold EDU-BDF E1000-BDF	both bound to udrv, on different lines
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "irqlib.h"

#define ROUNDS		100
/* A client that hangs is ended, and its test fails; rounds take milliseconds. */
#define HANG_SECONDS	20

enum {			/* 8254x manual: "ICR", "ICS", "IMS", "IMC" */
	E1000_ICR = 0xc0, E1000_ICS = 0xc8, E1000_IMS = 0xd0, E1000_IMC = 0xd8,
	E1000_LSC = 1 << 2,
};

/* A device that interrupts when told to, until it is served. */
struct source {
	struct edu dev;
	bool e1000;
};

static struct source edu, nic = { .e1000 = true };

static void source_raise(struct source *s)
{
	if (s->e1000)
		s->dev.regs[E1000_ICS / 4] = E1000_LSC;
	else
		edu_raise(&s->dev);
}

/* What a client does between two reads. */
static void source_serve(struct source *s)
{
	if (s->e1000)
		(void)s->dev.regs[E1000_ICR / 4];
	else
		edu_ack(&s->dev);
}

static void e1000_open(struct edu *dev, const char *bdf)
{
	device_open(dev, bdf);
	dev->regs[E1000_IMC / 4] = 0xffffffff;
	(void)dev->regs[E1000_ICR / 4];
	dev->regs[E1000_IMS / 4] = E1000_LSC;
}

/* The world outside: the next interrupt comes some time after each was served. */
struct world {
	struct source *source;
	pthread_t thread;
	unsigned int served;	/* atomic */
};

static void *world_thread(void *data)
{
	struct world *w = data;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		while (__atomic_load_n(&w->served, __ATOMIC_ACQUIRE) < i)
			sleep_ms(1);
		/* Now and then at once, mostly when the client sleeps already. */
		if (i % 4)
			sleep_ms(2);
		source_raise(w->source);
	}
	return NULL;
}

static void world_begin(struct world *w, struct source *source)
{
	*w = (struct world){ .source = source };
	source_serve(source);
	assert_int_equal(pthread_create(&w->thread, NULL, world_thread, w), 0);
}

static void world_served(struct world *w, unsigned int n)
{
	source_serve(w->source);
	__atomic_add_fetch(&w->served, n, __ATOMIC_RELEASE);
}

static void world_end(struct world *w)
{
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	assert_int_equal(w->served, ROUNDS);
}

static int setup(void **state)
{
	alarm(HANG_SECONDS);
	return 0;
}

static int teardown(void **state)
{
	alarm(0);
	source_serve(&edu);
	source_serve(&nic);
	return 0;
}

/* ---- the clients ------------------------------------------------------------ */

/* UART and CAN drivers of a board maker: never block but in select(). */
static void select_then_read(void **state)
{
	int fd = line_open(&edu.dev, O_RDONLY | O_NONBLOCK);
	struct timeval soon = { .tv_usec = 20000 };
	struct world world;
	uint32_t count;
	fd_set set;

	assert_true(fd >= 0);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	assert_int_equal(select(fd + 1, &set, NULL, NULL, &soon), 0);
	world_begin(&world, &edu);
	for (unsigned int n = 0; n < ROUNDS; n += count) {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		assert_int_equal(select(fd + 1, &set, NULL, NULL, NULL), 1);
		assert_true(FD_ISSET(fd, &set));
		assert_int_equal(get(fd, &count, sizeof(count)), sizeof(count));
		assert_int_equal(count, 1);
		world_served(&world, count);
	}
	world_end(&world);
	assert_int_equal(get(fd, &count, sizeof(count)), -EAGAIN);
	close(fd);
}

/* Their latency test: one blocking read for each interrupt. */
static void sync_blocking_read(void **state)
{
	int fd = line_open(&edu.dev, O_RDONLY | O_SYNC);
	struct world world;
	uint32_t count;

	assert_true(fd >= 0);
	world_begin(&world, &edu);
	for (unsigned int n = 0; n < ROUNDS; n += count) {
		assert_int_equal(get(fd, &count, sizeof(count)), sizeof(count));
		assert_int_equal(count, 1);
		world_served(&world, count);
	}
	world_end(&world);
	close(fd);
}

/* Chubb's talk: the shortest loop there is. */
static void one_byte_read(void **state)
{
	int fd = line_open(&edu.dev, O_RDONLY);
	struct world world;
	uint8_t count;

	assert_true(fd >= 0);
	world_begin(&world, &edu);
	for (unsigned int n = 0; n < ROUNDS; n += count) {
		assert_int_equal(get(fd, &count, 1), 1);
		assert_int_equal(count, 1);
		world_served(&world, count);
	}
	world_end(&world);
	close(fd);
}

/*
 * A library for embedded Linux: request_irq() opens for itself alone and starts
 * a real-time thread, free_irq() cancels the thread and closes.
 */
struct request {
	int fd, priority;
	struct world *world;
	pthread_t thread;
	int policy;		/* that the thread found itself to have */
};

static void *request_thread(void *data)
{
	struct request *r = data;
	struct sched_param param;
	uint32_t count;

	pthread_getschedparam(pthread_self(), &r->policy, &param);
	while (read(r->fd, &count, sizeof(count)) == sizeof(count))
		world_served(r->world, count);
	return NULL;
}

static void request_irq(struct request *r, struct source *s, int priority, struct world *world)
{
	struct sched_param param = { .sched_priority = priority };
	pthread_attr_t attr;

	*r = (struct request){ .priority = priority, .world = world };
	r->fd = line_open(&s->dev, O_RDWR | O_EXCL);
	assert_true(r->fd >= 0);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	assert_int_equal(pthread_create(&r->thread, &attr, request_thread, r), 0);
	pthread_attr_destroy(&attr);
}

static void free_irq(struct request *r)
{
	void *result;

	/* It blocks in read(), which must let itself be cancelled. */
	assert_int_equal(pthread_cancel(r->thread), 0);
	assert_int_equal(pthread_join(r->thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(r->policy, SCHED_FIFO);
	close(r->fd);
}

static void a_thread_for_each_irq(void **state)
{
	struct world worlds[2];
	struct request requests[2];

	world_begin(&worlds[0], &edu);
	world_begin(&worlds[1], &nic);
	request_irq(&requests[0], &edu, 50, &worlds[0]);
	request_irq(&requests[1], &nic, 60, &worlds[1]);
	/* For itself alone. */
	assert_int_equal(line_open(&edu.dev, O_RDWR | O_EXCL), -EBUSY);
	for (int i = 0; i < 2; i++) {
		while (__atomic_load_n(&worlds[i].served, __ATOMIC_ACQUIRE) < ROUNDS)
			sleep_ms(1);
		world_end(&worlds[i]);
	}
	for (int i = 0; i < 2; i++)
		free_irq(&requests[i]);
	/* And again: what was freed can be requested. */
	for (int i = 0; i < 2; i++) {
		request_irq(&requests[i], i ? &nic : &edu, 50, &worlds[i]);
		free_irq(&requests[i]);
	}
}

#define TEST(f) { #f, f, setup, teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(select_then_read), TEST(sync_blocking_read), TEST(one_byte_read),
		TEST(a_thread_for_each_irq),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: irqold EDU-BDF E1000-BDF (both bound to udrv)\n");
		return 100;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&edu.dev, argv[1]);
	e1000_open(&nic.dev, argv[2]);
	assert_int_not_equal(edu.dev.irq, nic.dev.irq);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
