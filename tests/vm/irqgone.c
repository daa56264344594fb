// SPDX-License-Identifier: MIT
/*
 * The device goes while somebody waits for its interrupt, in every way one can
 * wait.  Unbinding must be quick, and whoever waits must learn of it.
 *
 *	irqgone BDF BDF		two edu devices on one line, bound to udrv
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irqlib.h"

enum { PATIENCE_MS = 30000, UNBIND_MS = 5000 };

static struct edu one, two;
static bool one_gone, two_gone;

/* ---- ways of waiting: 0 when it ended as it should ------------------------------- */

static int by_read(int fd)
{
	return get_count(fd) == -ENODEV ? 0 : 1;
}

static int by_poll(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (poll(&pfd, 1, PATIENCE_MS) != 1)
		return 1;
	/* POLLERR and POLLHUP are told unasked. */
	return pfd.revents & (events | POLLERR | POLLHUP) ? 0 : 2;
}

static int by_poll_in(int fd)
{
	return by_poll(fd, POLLIN);
}

static int by_poll_nothing(int fd)
{
	return by_poll(fd, 0);
}

static int by_select(fd_set *in, fd_set *out, fd_set *except, int fd)
{
	struct timeval tv = { PATIENCE_MS / 1000, 0 };
	fd_set *set = in ? in : out ? out : except;

	FD_ZERO(set);
	FD_SET(fd, set);
	return select(fd + 1, in, out, except, &tv) == 1 ? 0 : 1;
}

static int by_select_in(int fd)
{
	fd_set set;

	return by_select(&set, NULL, NULL, fd);
}

static int by_select_except(int fd)
{
	fd_set set;

	return by_select(NULL, NULL, &set, fd);
}

static int by_epoll(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(0);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
		return 1;
	if (epoll_wait(ep, &ev, 1, PATIENCE_MS) != 1)
		return 2;
	/* It stays registered after the driver has gone; taking it out works. */
	sleep_ms(100);
	return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL) ? 3 : 0;
}

static int by_epoll_level(int fd)
{
	return by_epoll(fd, EPOLLIN);
}

static int by_epoll_edge(int fd)
{
	return by_epoll(fd, EPOLLIN | EPOLLET);
}

static int by_epoll_exclusive(int fd)
{
	return by_epoll(fd, EPOLLIN | EPOLLEXCLUSIVE);
}

static int ring_result(struct io_uring *ring)
{
	struct __kernel_timespec ts = { PATIENCE_MS / 1000, 0 };
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(ring, &cqe, &ts);

	return ret ? ret : cqe->res;
}

/* EIO is procfs's own answer, when the retry comes after the file has gone. */
static int by_uring_read(int fd)
{
	struct io_uring ring;
	uint32_t count;
	int ret;

	if (io_uring_queue_init(4, &ring, 0))
		return 1;
	io_uring_prep_read(io_uring_get_sqe(&ring), fd, &count, sizeof(count), 0);
	io_uring_submit(&ring);
	ret = ring_result(&ring);
	return ret == -ENODEV || ret == -EIO ? 0 : 2;
}

static int by_uring_poll(int fd)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		return 1;
	io_uring_prep_poll_add(io_uring_get_sqe(&ring), fd, POLLIN);
	io_uring_submit(&ring);
	return ring_result(&ring) & POLLIN ? 0 : 2;
}

/* Multishot: stays queued after each event. */
static int by_uring_multishot(int fd)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		return 1;
	io_uring_prep_poll_multishot(io_uring_get_sqe(&ring), fd, POLLIN);
	io_uring_submit(&ring);
	return ring_result(&ring) & POLLIN ? 0 : 2;
}

/* ---- the frame ----------------------------------------------------------------------- */

static void unbind(struct edu *edu, bool *gone)
{
	uint64_t before = now_ns();

	assert_int_equal(udrv_sysfs("unbind", edu->bdf, UNBIND_MS), 0);
	*gone = true;
	assert_in_range((now_ns() - before) / 1000000, 0, slow_ms(UNBIND_MS / 2));
}

static int teardown(void **state)
{
	if (one_gone && udrv_sysfs("bind", one.bdf, UNBIND_MS))
		return -1;
	if (two_gone && udrv_sysfs("bind", two.bdf, UNBIND_MS))
		return -1;
	one_gone = two_gone = false;
	edu_ack(&one);
	edu_ack(&two);
	return 0;
}

/* The status of a child, or -1 (and it is killed). */
static int status_of(pid_t pid, int ms)
{
	int status;

	for (ms = slow_ms(ms); ms > 0; ms--) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
		sleep_ms(1);
	}
	kill(pid, SIGKILL);
	return -1;
}

/* idle: it gets the processor when nobody else wants it, so that it is still
 * on its way out when the driver goes on. */
static pid_t waiter(int (*wait)(int), bool idle)
{
	struct sched_param param = { 0 };
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (idle && sched_setscheduler(0, SCHED_IDLE, &param))
		_exit(100);
	fd = line_open(&one, O_RDWR);
	_exit(fd < 0 ? 101 : wait(fd));
}

/* A line is gone when all its devices are: they go one after the other. */
static void goes_under(int (*wait)(int))
{
	pid_t pid = waiter(wait, false);

	wait_asleep(pid);
	unbind(&one, &one_gone);
	sleep_ms(50);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	unbind(&two, &two_gone);
	assert_int_equal(status_of(pid, UNBIND_MS), 0);
}

#define WAIT(how) static void under_##how(void **state) { goes_under(by_##how); }
WAIT(read) WAIT(poll_in) WAIT(poll_nothing) WAIT(select_in) WAIT(select_except)
WAIT(epoll_level) WAIT(epoll_edge) WAIT(epoll_exclusive)
WAIT(uring_read) WAIT(uring_poll) WAIT(uring_multishot)

enum { HOGS = 8, HOG_S = 2 };

/* Processes that take the processors for HOG_S seconds. */
static void hogs_begin(pid_t hogs[HOGS])
{
	for (int i = 0; i < HOGS; i++) {
		hogs[i] = fork();
		assert_true(hogs[i] >= 0);
		if (!hogs[i])
			alarm(HOG_S);
		while (!hogs[i])
			;
	}
}

/* Who waits is slow to notice, because others have the processors.  Once it does,
 * unbinding goes on: in a process of its own, which must not be killed before it has
 * even had a processor. */
static void a_slow_waiter_does_not_block_unbind(void **state)
{
	pid_t hogs[HOGS], pid, second;

	for (int round = 0; round < 3; round++) {
		pid = waiter(by_select_except, true);
		wait_asleep(pid);
		hogs_begin(hogs);
		assert_int_equal(udrv_sysfs("unbind", one.bdf, PATIENCE_MS), 0);
		one_gone = two_gone = true;
		second = fork();
		assert_true(second >= 0);
		if (!second)
			_exit(-udrv_sysfs("unbind", two.bdf, PATIENCE_MS));
		for (int i = 0; i < HOGS; i++)
			waitpid(hogs[i], NULL, 0);
		assert_int_equal(status_of(pid, UNBIND_MS), 0);
		assert_int_equal(status_of(second, UNBIND_MS), 0);
		assert_int_equal(teardown(NULL), 0);
	}
}

/* A descriptor of one device ends with it, whatever else is on the line. */
static void a_device_ends_its_reader(void **state)
{
	struct vfio v;
	int fd;

	assert_int_equal(vfio_open(&v, one.bdf), 0);
	fd = vfio_irq_fd(&v, 0);
	assert_true(fd >= 0);
	vfio_close(&v);

	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(by_read(fd));
	wait_asleep(pid);
	unbind(&one, &one_gone);
	assert_int_equal(status_of(pid, UNBIND_MS), 0);
	assert_int_equal(get_count(fd), -ENODEV);
	assert_int_equal(put(fd, 1), -ENODEV);
	assert_int_equal(by_poll_nothing(fd), 0);
	/* The device that comes back has nothing to do with it. */
	assert_int_equal(teardown(NULL), 0);
	edu_raise(&one);
	assert_int_equal(get_count(fd), -ENODEV);
	close(fd);
}

/* After the end of the line its file answers at once, always. */
static void the_file_of_a_gone_line_answers(void **state)
{
	int fd = line_open(&one, O_RDWR);

	assert_true(fd >= 0);
	unbind(&one, &one_gone);
	unbind(&two, &two_gone);
	assert_int_equal(get_count(fd), -EIO);
	assert_int_equal(put(fd, 1), -EIO);
	assert_true(by_poll_in(fd) == 0);
	close(fd);
	assert_int_equal(line_open(&one, O_RDWR), -ENOENT);
}

/* A reader of the line goes on with the device that stays, and has the one
 * that comes again. */
static void members_come_and_go(void **state)
{
	int fd = line_open(&one, O_RDWR);

	assert_true(fd >= 0);
	unbind(&one, &one_gone);
	edu_raise_later(&two, 50);
	assert_int_equal(get_count(fd), 1);
	edu_join();
	edu_ack(&two);
	assert_int_equal(teardown(NULL), 0);
	edu_raise_later(&one, 50);
	assert_int_equal(get_count(fd), 1);
	edu_join();
	edu_ack(&one);
	/* Asserted while it leaves: silent afterwards, and counted or not, the
	 * other one is served. */
	edu_raise(&one);
	unbind(&one, &one_gone);
	nonblock(fd, true);
	while (get_count(fd) > 0)
		;
	nonblock(fd, false);
	edu_raise(&two);
	assert_int_equal(get_count(fd), 1);
	close(fd);
}

/* The VFIO device is held open: unbinding waits for that, but its interrupt
 * ends at once, and is not to be had again. */
static void an_open_device_loses_its_interrupt_first(void **state)
{
	struct vfio v;
	pid_t pid;
	int fd;

	assert_int_equal(vfio_open(&v, one.bdf), 0);
	fd = vfio_irq_fd(&v, 0);
	assert_true(fd >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		vfio_close(&v);
		close(fd);
		_exit(-udrv_sysfs("unbind", one.bdf, UNBIND_MS));
	}
	one_gone = true;
	assert_int_equal(get_count(fd), -ENODEV);
	assert_int_equal(vfio_irq_fd(&v, 0), -ENODEV);
	edu_raise(&one);
	sleep_ms(50);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	close(fd);
	vfio_close(&v);
	assert_int_equal(status_of(pid, UNBIND_MS), 0);
}

#define TEST(f) { #f, f, NULL, teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(under_read), TEST(under_poll_in), TEST(under_poll_nothing),
		TEST(under_select_in), TEST(under_select_except), TEST(under_epoll_level),
		TEST(under_epoll_edge), TEST(under_epoll_exclusive), TEST(under_uring_read),
		TEST(under_uring_poll), TEST(under_uring_multishot),
		TEST(a_slow_waiter_does_not_block_unbind), TEST(a_device_ends_its_reader),
		TEST(the_file_of_a_gone_line_answers), TEST(members_come_and_go),
		TEST(an_open_device_loses_its_interrupt_first),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: irqgone BDF BDF (two edu devices bound to udrv)\n");
		return 100;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&one, argv[1]);
	edu_open(&two, argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
