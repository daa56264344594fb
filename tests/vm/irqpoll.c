// SPDX-License-Identifier: MIT
/*
 * Waiting for an interrupt by poll, select, epoll and io_uring: each of them
 * re-arms like read() does, reports what came, and io_uring needs no worker.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "irqboth.h"

/* ---- poll and select -------------------------------------------------------- */

static void poll_reports(void **state)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	assert_int_equal(poll(&pfd, 1, 0), 0);
	edu_raise_later(&edu, 50);
	assert_int_equal(poll(&pfd, 1, slow_ms(2000)), 1);
	assert_int_equal(pfd.revents, POLLIN);
	assert_int_equal(poll(&pfd, 1, 0), 1);		/* until it is read */
	edu_ack(&edu);
	assert_int_equal(get_count(fd), 1);
	assert_int_equal(poll(&pfd, 1, 0), 0);
}

/* An interrupt that came before poll() is not waited for. */
static void poll_rearms(void **state)
{
	interrupt();
	edu_ack(&edu);
	assert_int_equal(get_count(fd), 1);
	edu_raise(&edu);		/* masked still: only poll() can notice */
	assert_true(readable(fd, 2000));
	assert_int_equal(get_count(fd), 1);
}

static int select_for(bool in, bool out, bool except, int ms)
{
	struct timeval tv = { slow_ms(ms) / 1000, slow_ms(ms) % 1000 * 1000 };
	fd_set sets[3];
	int ret;

	for (int i = 0; i < 3; i++) {
		FD_ZERO(&sets[i]);
		FD_SET(fd, &sets[i]);
	}
	ret = select(fd + 1, in ? &sets[0] : NULL, out ? &sets[1] : NULL,
		     except ? &sets[2] : NULL, &tv);
	return ret < 0 ? -errno : ret;
}

static void select_reports(void **state)
{
	assert_int_equal(select_for(true, true, true, 0), 0);
	edu_raise_later(&edu, 50);
	assert_int_equal(select_for(true, false, false, 2000), 1);
	assert_int_equal(select_for(false, true, true, 0), 0);
	edu_ack(&edu);
	assert_int_equal(get_count(fd), 1);
	assert_int_equal(select_for(true, true, true, 0), 0);
}

/* ---- epoll -------------------------------------------------------------------- */

static int epoll_of(uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	assert_true(ep >= 0);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

static int epoll_for(int ep, int ms)
{
	struct epoll_event ev = { 0 };
	int ret = epoll_wait(ep, &ev, 1, slow_ms(ms));

	if (ret == 1)
		assert_int_equal(ev.events, EPOLLIN);
	return ret;
}

static void epoll_level_repeats(void **state)
{
	int ep = epoll_of(EPOLLIN);

	assert_int_equal(epoll_for(ep, 0), 0);
	edu_raise_later(&edu, 50);
	assert_int_equal(epoll_for(ep, 2000), 1);
	assert_int_equal(epoll_for(ep, 0), 1);
	edu_ack(&edu);
	assert_int_equal(get_count(fd), 1);
	assert_int_equal(epoll_for(ep, 0), 0);
	close(ep);
}

/* One read for each event, as most loops do: the wait after it must re-arm. */
static void epoll_after_one_read_goes_on(void **state)
{
	int ep = epoll_of(EPOLLIN);

	for (int i = 0; i < 100; i++) {
		edu_raise_later(&edu, i % 10 ? 0 : 20);
		assert_int_equal(epoll_for(ep, 2000), 1);
		edu_join();
		edu_ack(&edu);
		assert_int_equal(get_count(fd), 1);
	}
	close(ep);
}

/* The edge is told once; who reads to EAGAIN is told of the next. */
static void epoll_edge_is_told_once(void **state)
{
	int ep = epoll_of(EPOLLIN | EPOLLET);

	nonblock(fd, true);
	for (int i = 0; i < 100; i++) {
		edu_raise_later(&edu, i % 10 ? 0 : 20);
		assert_int_equal(epoll_for(ep, 2000), 1);
		edu_join();
		if (i % 10 == 0)
			assert_int_equal(epoll_for(ep, 20), 0);
		edu_ack(&edu);
		assert_int_equal(get_count(fd), 1);
		assert_int_equal(get_count(fd), -EAGAIN);
	}
	close(ep);
}

static void epoll_oneshot_is_armed_again(void **state)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	int ep = epoll_of(ev.events);

	interrupt();
	assert_int_equal(epoll_for(ep, 2000), 1);
	assert_int_equal(epoll_for(ep, 20), 0);
	edu_ack(&edu);
	assert_int_equal(get_count(fd), 1);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev), 0);
	edu_raise_later(&edu, 20);
	assert_int_equal(epoll_for(ep, 2000), 1);
	close(ep);
}

/* ---- io_uring ------------------------------------------------------------------- */

/* Threads that io_uring has made for us, because something would block. */
static int workers(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "iou-wrk", 7))
			n++;
		fclose(file);
	}
	closedir(dir);
	return n;
}

static int ring_wait(struct io_uring *ring, int ms)
{
	struct __kernel_timespec ts = { ms / 1000, ms % 1000 * 1000000LL };
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(ring, &cqe, &ts);

	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static void uring_reads_without_a_worker(void **state)
{
	struct udrv_irq_event ev;
	struct io_uring ring;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	for (int i = 0; i < 50; i++) {
		memset(&ev, 0xee, sizeof(ev));
		io_uring_prep_read(io_uring_get_sqe(&ring), fd, &ev, sizeof(ev), 0);
		assert_int_equal(io_uring_submit(&ring), 1);
		assert_int_equal(ring_wait(&ring, i % 10 ? 0 : 20), -ETIME);
		assert_int_equal(workers(), 0);
		edu_raise(&edu);
		assert_int_equal(ring_wait(&ring, 2000), sizeof(ev));
		assert_int_equal(ev.count, 1);
		edu_ack(&edu);
	}
	io_uring_queue_exit(&ring);
}

static void uring_read_of_a_pending_one_is_done_at_once(void **state)
{
	struct io_uring ring;
	uint32_t count = 0;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	interrupt();
	io_uring_prep_read(io_uring_get_sqe(&ring), fd, &count, sizeof(count), 0);
	assert_int_equal(io_uring_submit(&ring), 1);
	assert_int_equal(ring_wait(&ring, 0), sizeof(count));
	assert_int_equal(count, 1);
	io_uring_queue_exit(&ring);
}

static void uring_polls(void **state)
{
	struct io_uring ring;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	for (int i = 0; i < 10; i++) {
		io_uring_prep_poll_add(io_uring_get_sqe(&ring), fd, POLLIN);
		assert_int_equal(io_uring_submit(&ring), 1);
		assert_int_equal(ring_wait(&ring, 5), -ETIME);
		edu_raise(&edu);
		assert_int_equal(ring_wait(&ring, 2000), POLLIN);
		edu_ack(&edu);
		assert_int_equal(get_count(fd), 1);
	}
	assert_int_equal(workers(), 0);
	io_uring_queue_exit(&ring);
}

/* A ring that ends with a read in it takes the read along. */
static void uring_ends_with_a_read_pending(void **state)
{
	struct io_uring ring;
	uint32_t count = 0;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	io_uring_prep_read(io_uring_get_sqe(&ring), fd, &count, sizeof(count), 0);
	assert_int_equal(io_uring_submit(&ring), 1);
	io_uring_queue_exit(&ring);
	sleep_ms(50);
	interrupt();
	assert_int_equal(get_count(fd), 1);
}

/* ---- several readers --------------------------------------------------------------- */

enum { READERS = 4 };

static struct {
	atomic_int sum, gone;
	atomic_bool stop;
} readers;

static void *reader(void *data)
{
	int count;

	while ((count = get_count(fd)) > 0) {
		edu_ack(&edu);
		if (readers.stop)
			break;
		readers.sum += count;
	}
	readers.gone++;
	return NULL;
}

static bool reaches(atomic_int *value, int wanted)
{
	for (int ms = 0; ms < 2000 && *value < wanted; ms++)
		sleep_ms(1);
	return *value == wanted;
}

/* Threads that block on one descriptor: each interrupt is read by one of them. */
static void one_reader_gets_it(void **state)
{
	pthread_t threads[READERS];

	readers.sum = readers.gone = 0;
	readers.stop = false;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, NULL), 0);
	for (int i = 1; i <= 50; i++) {
		sleep_ms(i % 10 ? 0 : 20);
		edu_raise(&edu);
		assert_true(reaches(&readers.sum, i));
	}
	readers.stop = true;
	for (int i = 1; i <= READERS; i++) {
		/* Whoever left has not re-armed for those who stay. */
		assert_int_equal(put(fd, 1), 0);
		edu_raise(&edu);
		assert_true(reaches(&readers.gone, i));
	}
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(poll_reports), TEST(poll_rearms), TEST(select_reports),
		TEST(epoll_level_repeats), TEST(epoll_after_one_read_goes_on),
		TEST(epoll_edge_is_told_once), TEST(epoll_oneshot_is_armed_again),
		TEST(uring_reads_without_a_worker),
		TEST(uring_read_of_a_pending_one_is_done_at_once), TEST(uring_polls),
		TEST(uring_ends_with_a_read_pending), TEST(one_reader_gets_it),
	};

	return run_both(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
