// SPDX-License-Identifier: MIT
/*
 * One interrupt descriptor, what it does for its reader: forms of read, masks,
 * write, who may open.  Every test runs on the file of the line and on the
 * descriptor of the device, whose promises are the same.
 *
 *	irqfile BDF		an edu device that is bound to udrv
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irqboth.h"

static void *volatile nowhere;	/* volatile: the compiler would object */

/* ---- read ----------------------------------------------------------------- */

static void read_1_is_a_byte(void **state)
{
	uint8_t to[2] = { 0xee, 0xee };

	interrupt();
	assert_int_equal(get(fd, to, 1), 1);
	assert_int_equal(to[0], 1);
	assert_int_equal(to[1], 0xee);
}

static void read_4_is_u32(void **state)
{
	uint32_t to[2] = { 0xeeeeeeee, 0xeeeeeeee };

	interrupt();
	assert_int_equal(get(fd, to, 4), 4);
	assert_int_equal(to[0], 1);
	assert_int_equal(to[1], 0xeeeeeeee);
}

static void read_8_is_u64(void **state)
{
	uint64_t to[2] = { 0xee, 0xee };

	interrupt();
	assert_int_equal(get(fd, to, 8), 8);
	assert_int_equal(to[0], 1);
	assert_int_equal(to[1], 0xee);
}

static void read_16_is_an_event(void **state)
{
	uint64_t before = now_ns(), after;
	struct udrv_irq_event ev;

	interrupt();
	after = now_ns();
	assert_int_equal(get(fd, &ev, sizeof(ev)), 16);
	assert_int_equal(ev.count, 1);
	assert_int_equal(ev.flags, 0);
	assert_in_range(ev.ns, before, after);
}

static void read_of_more_is_one_event(void **state)
{
	static const size_t sizes[] = { 17, 32, 4096 };
	uint8_t to[4096];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(to, 0xee, sizeof(to));
		interrupt();
		edu_ack(&edu);
		assert_int_equal(get(fd, to, sizes[i]), 16);
		assert_int_equal(to[0], 1);
		assert_int_equal(to[16], 0xee);
	}
}

static void readv_counts_the_whole(void **state)
{
	uint32_t one = 0xee, two = 0xee;
	struct iovec iov[] = { { &one, 4 }, { &two, 4 } };

	interrupt();
	assert_int_equal(readv(fd, iov, 2), 8);
	assert_int_equal(one, 1);
	assert_int_equal(two, 0);
}

static void read_of_other_sizes_is_einval(void **state)
{
	static const size_t sizes[] = { 0, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t to[16];

	interrupt();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(get(fd, to, sizes[i]), -EINVAL);
	/* And takes nothing. */
	assert_int_equal(get_count(fd), 1);
}

/* Each interrupt is counted once, however long the line stays asserted. */
static void counts_are_exact(void **state)
{
	unsigned int sum = 0;

	for (int i = 0; i < 500; i++) {
		/* In turn by the handler, and found by read() itself. */
		assert_false(i % 2 && readable(fd, 0));
		edu_raise(&edu);
		sum += (unsigned int)get_count(fd);
		edu_ack(&edu);
	}
	assert_int_equal(sum, 500);
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
}

/* A level line that is not served is masked: nothing is counted meanwhile. */
static void an_asserted_line_counts_once(void **state)
{
	unsigned long before = line_interrupts(edu.irq);

	interrupt();
	sleep_ms(100);
	assert_int_equal(get_count(fd), 1);
	assert_in_range(line_interrupts(edu.irq) - before, 1, 3);
}

/* Not served before the next read: that read says so at once, not never. */
static void still_asserted_is_read_again(void **state)
{
	interrupt();
	for (int i = 0; i < 5; i++)
		assert_int_equal(get_count(fd), 1);
	edu_ack(&edu);
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
}

/* Reads whose memory is bad give their count back: a byte's, in pages that
 * cannot be written. */
static void efault_loses_nothing(void **state)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(mprotect(page + 4096, 4096, PROT_READ), 0);
	interrupt();
	edu_ack(&edu);		/* or the next read would find it again */
	assert_int_equal(get(fd, page + 4096, 4), -EFAULT);
	assert_int_equal(get(fd, page + 4096 - 8, 16), -EFAULT);
	assert_int_equal(get(fd, nowhere, 1), -EFAULT);
	assert_true(readable(fd, 0));
	assert_int_equal(get_count(fd), 1);
	munmap(page, 8192);
}

static void nonblock_is_eagain(void **state)
{
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
	interrupt();
	assert_int_equal(get_count(fd), 1);
}

static void blocked_read_is_woken(void **state)
{
	uint64_t before = now_ns();

	edu_raise_later(&edu, 50);
	assert_int_equal(get_count(fd), 1);
	assert_in_range((now_ns() - before) / 1000000, 49, slow_ms(2000));
}

static void seek_and_pread_are_refused(void **state)
{
	uint32_t to;

	interrupt();
	assert_int_equal(lseek(fd, 0, SEEK_SET), -1);
	assert_int_equal(pread(fd, &to, 4, 0), -1);
	assert_int_equal(errno, ESPIPE);
}

/* ---- write ---------------------------------------------------------------- */

static void mask_is_sticky(void **state)
{
	nonblock(fd, true);
	assert_int_equal(put(fd, 0), 0);
	edu_raise(&edu);
	for (int i = 0; i < 3; i++) {
		assert_false(readable(fd, 20));
		assert_int_equal(get_count(fd), -EAGAIN);
	}
	assert_int_equal(put(fd, 1), 0);
	assert_true(readable(fd, 2000));
	assert_int_equal(get_count(fd), 1);
}

/* What was counted before the mask can still be read; what comes after waits. */
static void mask_keeps_the_count(void **state)
{
	interrupt();
	assert_int_equal(put(fd, 0), 0);
	assert_int_equal(get_count(fd), 1);
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
	assert_int_equal(put(fd, 1), 0);
	assert_int_equal(get_count(fd), 1);
}

/* Unmasking twice, or without a mask, changes nothing. */
static void unmask_is_idempotent(void **state)
{
	assert_int_equal(put(fd, 1), 0);
	assert_int_equal(put(fd, 1), 0);
	interrupt();
	edu_ack(&edu);
	assert_int_equal(put(fd, 1), 0);
	assert_int_equal(get_count(fd), 1);
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
}

/* write(1) wakes a reader who blocks behind the mask. */
static void *unmask_later(void *data)
{
	sleep_ms(50);
	assert_int_equal(put(fd, 1), 0);
	return NULL;
}

static void unmask_wakes_the_reader(void **state)
{
	pthread_t thread;

	assert_int_equal(put(fd, 0), 0);
	edu_raise(&edu);
	assert_int_equal(pthread_create(&thread, NULL, unmask_later, NULL), 0);
	assert_int_equal(get_count(fd), 1);
	pthread_join(thread, NULL);
}

static void bad_writes_are_einval(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 5, 8, 16 };
	uint32_t words[4] = { 0 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		errno = 0;
		assert_int_equal(write(fd, words, sizes[i]), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(put(fd, 2), -EINVAL);
	assert_int_equal(put(fd, 0xffffffff), -EINVAL);
	assert_int_equal(write(fd, nowhere, 4), -1);
	assert_int_equal(errno, EFAULT);
	/* None of them has masked it. */
	interrupt();
}

/* ---- open and close ---------------------------------------------------------- */

static void second_open_is_ebusy(void **state)
{
	static const int flags[] = {
		O_RDONLY, O_RDWR, O_RDWR | O_EXCL, O_RDONLY | O_SYNC, O_RDWR | O_SYNC,
		O_RDONLY | O_NONBLOCK, O_WRONLY,
	};
	struct vfio second;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		assert_int_equal(line_open(&edu, flags[i]), -EBUSY);
	if (by_device) {
		assert_int_equal(vfio_irq_fd(&vfio, 0), -EBUSY);
		return;
	}
	assert_int_equal(vfio_open(&second, edu.bdf), 0);
	assert_int_equal(vfio_irq_fd(&second, 0), -EBUSY);
	vfio_close(&second);
	/* The refused ones have not disturbed it. */
	interrupt();
}

/* Every way of opening that programs in the field use. */
static void line_flags(void)
{
	static const int flags[] = {
		O_RDONLY, O_RDWR, O_RDWR | O_EXCL, O_RDONLY | O_SYNC, O_RDONLY | O_NONBLOCK,
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		edu_ack(&edu);
		close(fd);
		fd = line_open(&edu, flags[i]);
		assert_true(fd >= 0);
		interrupt();
		assert_int_equal(get_count(fd), 1);
	}
	close(fd);
	fd = line_open(&edu, O_RDONLY);
	assert_int_equal(put(fd, 0), -EBADF);
}

static void device_flags(void)
{
	close(fd);
	fd = vfio_irq_fd(&vfio, O_CLOEXEC | O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(get_count(fd), -EAGAIN);
	close(fd);
	fd = vfio_irq_fd(&vfio, 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(put(fd, 1), 0);
}

static void open_flags_are_honoured(void **state)
{
	if (by_device)
		device_flags();
	else
		line_flags();
}

/* What it had counted and masked is not the next one's. */
static void close_frees(void **state)
{
	interrupt();
	edu_ack(&edu);
	assert_int_equal(put(fd, 0), 0);
	close(fd);
	fd = open_irq();
	assert_true(fd >= 0);
	nonblock(fd, true);
	assert_int_equal(get_count(fd), -EAGAIN);
	interrupt();
}

/* Asserted while nobody has it open: the next one learns of it. */
static void asserted_before_open_is_seen(void **state)
{
	close(fd);
	edu_raise(&edu);
	sleep_ms(20);
	fd = open_irq();
	assert_true(fd >= 0);
	assert_int_equal(get_count(fd), 1);
}

/* A copy of the descriptor keeps it open; both copies are one reader. */
static void dup_shares(void **state)
{
	int copy = dup(fd);

	assert_true(copy >= 0);
	close(fd);
	fd = copy;
	assert_int_equal(open_irq(), -EBUSY);
	interrupt();
	assert_int_equal(get_count(fd), 1);
}

/* kill -9 with the interrupt asserted: free again, and the line is quiet. */
static void killed_holder_frees(void **state)
{
	unsigned long before = line_interrupts(edu.irq);

	for (int i = 0; i < 10; i++) {
		int pid, status;

		close(fd);
		fd = -1;
		vfio_close(&vfio);
		/* The last one's is still there: the child is to wait for ours. */
		edu_ack(&edu);
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			if (by_device && vfio_open(&vfio, edu.bdf))
				_exit(1);
			fd = open_irq();
			if (fd < 0 || get_count(fd) != 1)
				_exit(2);
			edu_ack(&edu);
			nonblock(fd, true);
			if (get_count(fd) != -EAGAIN)
				_exit(3);
			edu_raise(&edu);
			raise(9);
		}
		edu_raise(&edu);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(edu_asserts(&edu));
		sleep_ms(20);
		if (by_device)
			assert_int_equal(vfio_open(&vfio, edu.bdf), 0);
		fd = open_irq();
		assert_true(fd >= 0);
	}
	assert_in_range(line_interrupts(edu.irq) - before, 10, 400);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(read_1_is_a_byte), TEST(read_4_is_u32), TEST(read_8_is_u64),
		TEST(read_16_is_an_event), TEST(read_of_more_is_one_event),
		TEST(readv_counts_the_whole), TEST(read_of_other_sizes_is_einval),
		TEST(counts_are_exact), TEST(an_asserted_line_counts_once),
		TEST(still_asserted_is_read_again), TEST(efault_loses_nothing),
		TEST(nonblock_is_eagain), TEST(blocked_read_is_woken),
		TEST(seek_and_pread_are_refused),
		TEST(mask_is_sticky), TEST(mask_keeps_the_count), TEST(unmask_is_idempotent),
		TEST(unmask_wakes_the_reader), TEST(bad_writes_are_einval),
		TEST(second_open_is_ebusy), TEST(open_flags_are_honoured), TEST(close_frees),
		TEST(asserted_before_open_is_seen), TEST(dup_shares), TEST(killed_holder_frees),
	};

	return run_both(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
