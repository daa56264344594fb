// SPDX-License-Identifier: MIT
/*
 * Interrupts that no PCI device asserts: line 14 of an IDE function in
 * compatibility mode, raised by asking its disk who it is.
 *
 *	irqisa BDF		a PIIX4 with a disk, bound to udrv
 *	irqisa --open IRQ	exit status: the error of opening /proc/irq/IRQ/irq
 *	irqisa --storm BDF	exit status 0: its reader was told of a storm on line 14
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irqlib.h"

enum {					/* ATA, the first channel's command block */
	DATA = 0, DEVICE = 6, COMMAND = 7,
	IDENTIFY = 0xec, WORDS = 256, BUSY = 0x80, DRQ = 0x08, ERR = 0x01,
};

static const char *bdf;
static struct edu line14 = { .irq = 14 }, line15 = { .irq = 15 };
static int fd = -1, block = -1, control = -1;

/* The ports by sysfs, which the kernels without ioperm() have as well. */
static int ports_open(int bar)
{
	char path[80];
	int ports;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", bdf, bar);
	ports = open(path, O_RDWR | O_CLOEXEC);
	assert_true(ports >= 0);
	return ports;
}

static void out(int ports, int reg, uint8_t value)
{
	assert_int_equal(pwrite(ports, &value, 1, reg), 1);
}

static uint16_t in(int ports, int reg, size_t size)
{
	uint16_t value = 0;

	assert_int_equal(pread(ports, &value, size, reg), size);
	return value;
}

static int setup(void **state)
{
	if (block < 0) {
		block = ports_open(0);
		control = ports_open(1);
	}
	out(control, 0, 0);		/* nIEN = 0 */
	fd = line_open(&line14, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
	return 0;
}

static int teardown(void **state)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	return 0;
}

static void ask_the_disk(void)
{
	out(block, DEVICE, 0xa0);
	out(block, COMMAND, IDENTIFY);
}

/* Reading the status takes the interrupt back; then the answer is fetched. */
static void take_the_answer(void)
{
	int status = in(block, COMMAND, 1);

	for (int i = 0; i < 1000 && status & BUSY; i++) {
		sleep_ms(1);
		status = in(block, COMMAND, 1);
	}
	assert_int_equal(status & (BUSY | DRQ | ERR), DRQ);
	for (int i = 0; i < WORDS; i++)
		in(block, DATA, 2);
}

static void a_line_is_read(void **state)
{
	unsigned long before = line_interrupts(14);

	for (int i = 0; i < 50; i++) {
		assert_int_equal(get_count(fd), -EAGAIN);
		ask_the_disk();
		assert_true(readable(fd, 2000));
		assert_int_equal(get_count(fd), 1);
		take_the_answer();
	}
	assert_int_equal(line_interrupts(14) - before, 50);
}

static void masked_is_kept(void **state)
{
	assert_int_equal(put(fd, 0), 0);
	ask_the_disk();
	assert_false(readable(fd, 50));
	assert_int_equal(put(fd, 1), 0);
	assert_true(readable(fd, 2000));
	assert_int_equal(get_count(fd), 1);
	take_the_answer();
}

static void one_owner(void **state)
{
	int other;

	assert_int_equal(line_open(&line14, O_RDWR), -EBUSY);
	other = line_open(&line15, O_RDWR);
	assert_true(other >= 0);
	close(other);
	close(fd);
	fd = line_open(&line14, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
}

/* In a child: what it returns is its exit status. */
static int in_a_child(int (*fn)(void))
{
	int status, pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static int open_without_rawio(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return 200;
	data[0].effective &= ~(1u << CAP_SYS_RAWIO);
	if (syscall(SYS_capset, &header, data))
		return 201;
	return -line_open(&line15, O_RDWR);
}

static void opening_needs_rawio(void **state)
{
	assert_int_equal(in_a_child(open_without_rawio), EPERM);
}

static int pair[2];

/* Nobody's process gets the descriptor through a socket, and reads it. */
static int read_as_nobody(void)
{
	char byte, data[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = data, .msg_controllen = sizeof(data),
	};
	int got, count;

	close(fd);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) ||
	    line_open(&line15, O_RDWR) != -EACCES)
		return 200;
	if (recvmsg(pair[1], &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return 201;
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	count = readable(got, 5000) ? get_count(got) : 202;
	return count == 1 && put(got, 0) == 0 && put(got, 1) == 0 ? 0 : 203;
}

static void a_passed_descriptor_needs_nothing(void **state)
{
	char data[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = data, .msg_controllen = sizeof(data),
	};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	ask_the_disk();
	assert_int_equal(in_a_child(read_as_nobody), 0);
	take_the_answer();
	close(pair[0]);
	close(pair[1]);
}

static int read_to_the_end(void)
{
	int ret;

	nonblock(fd, false);
	ret = get_count(fd);
	return ret == -ENODEV || ret == -EIO ? 0 : 200;
}

static void unbind_wakes_a_reader(void **state)
{
	int status, pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(read_to_the_end());
	sleep_ms(50);
	assert_int_equal(udrv_sysfs("unbind", bdf, 5000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(get_count(fd) == -EIO);
	assert_int_equal(line_open(&line14, O_RDWR), -ENOENT);
	assert_int_equal(udrv_sysfs("bind", bdf, 5000), 0);
	close(fd);
	fd = line_open(&line14, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
	ask_the_disk();
	assert_true(readable(fd, 2000));
	take_the_answer();
}

/* With a limit that two interrupts reach. */
static int storm(void)
{
	struct udrv_irq_event ev = { 0 };

	setup(NULL);
	for (int i = 0; i < 500 && !(ev.flags & UDRV_IRQ_STORM); i++) {
		ask_the_disk();
		take_the_answer();
		get(fd, &ev, sizeof(ev));
	}
	return ev.flags & UDRV_IRQ_STORM ? 0 : 1;
}

#define TEST(f) { #f, f, setup, teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_read), TEST(masked_is_kept), TEST(one_owner),
		TEST(opening_needs_rawio), TEST(a_passed_descriptor_needs_nothing),
		TEST(unbind_wakes_a_reader),
	};

	if (argc == 3 && !strcmp(argv[1], "--open")) {
		struct edu line = { .irq = atoi(argv[2]) };

		fd = line_open(&line, O_RDWR);
		return fd < 0 ? -fd : 0;
	}
	if (argc != 2 && (argc != 3 || strcmp(argv[1], "--storm") != 0)) {
		fprintf(stderr, "usage: irqisa BDF | irqisa --open IRQ | irqisa --storm BDF\n");
		return 100;
	}
	bdf = argv[argc - 1];
	if (argc == 3)
		return storm();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
