// SPDX-License-Identifier: MIT
/*
 * Descriptors of interrupts, and what else an owner may do with his device at the
 * same time: fork, reset it under a mapping, and have VFIO's own interrupts.
 *
 *	abusemix EDU E1000E [UID]	bound to udrv; with UID, as that one once all
 *					is open, without capabilities
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irqvec.h"

enum {
	HEIRS = 8, INTERRUPTS = 40,
	MIX_MS = 3000, RESETS = 20,
	NIC_STATUS = 0x08,		/* 82574 manual, section 10.2.2.2 */
};

static uid_t owner;

/* ---- fork ------------------------------------------------------------------------ */

static struct heirs {
	pid_t pid[HEIRS];		/* 0: none */
	uint64_t *counted;		/* by each, shared */
} h;

/* All of them wait when this returns: a line that is asserted is on again as soon as
 * anyone comes to wait for it, also between another's read and that one's edu_ack(). */
static void heirs_begin(int fd)
{
	h.counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(h.counted, MAP_FAILED);
	for (int i = 0; i < HEIRS; i++) {
		h.pid[i] = fork();
		assert_true(h.pid[i] >= 0);
		/* Left behind, it would keep our output open. */
		if (!h.pid[i])
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!h.pid[i]) {
			int count = get_count(fd);

			if (count < 0)
				_exit(1);
			edu_ack(&edu);
			__atomic_add_fetch(&h.counted[i], (uint64_t)count, __ATOMIC_SEQ_CST);
		}
	}
	for (int i = 0; i < HEIRS; i++)
		wait_asleep(h.pid[i]);
}

static void heir_ends(int i)
{
	if (h.pid[i] <= 0)
		return;
	kill(h.pid[i], SIGKILL);
	assert_int_equal(waitpid(h.pid[i], NULL, 0), h.pid[i]);
	h.pid[i] = 0;
}

static uint64_t heirs_counted(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < HEIRS; i++)
		sum += __atomic_load_n(&h.counted[i], __ATOMIC_SEQ_CST);
	return sum;
}

static void raise_and_wait(uint64_t sum)
{
	edu_raise(&edu);
	for (int ms = 0; heirs_counted() < sum; ms++) {
		assert_true(ms < slow_ms(10000));
		sleep_ms(1);
	}
	assert_int_equal(heirs_counted(), sum);
}

/* All who inherited it are one owner: each interrupt is one's, it stays taken as
 * long as one of them lives, and is free when the last one has been killed. */
static void heirs_are_one_owner(int (*open_it)(void), unsigned int per_raise)
{
	int fd = open_it();

	assert_true(fd >= 0);
	/* One that an earlier owner raised may have been on its way. */
	nonblock(fd, true);
	while (get_count(fd) > 0)
		;
	nonblock(fd, false);
	heirs_begin(fd);
	close(fd);
	for (uint64_t i = 1; i <= INTERRUPTS; i++)
		raise_and_wait(i * per_raise);
	for (int i = 0; i < HEIRS; i++) {
		assert_int_equal(open_it(), -EBUSY);
		heir_ends(i);
		/* The others go on. */
		if (i < HEIRS - 1)
			raise_and_wait((uint64_t)(INTERRUPTS + 1 + i) * per_raise);
	}
	fds[0] = open_it();
	assert_true(fds[0] >= 0);
	munmap(h.counted, 4096);
}

static int open_line(void)
{
	return line_open(&edu, 0);
}

static int open_intx(void)
{
	return vfio_irq_fd(&v, 0);
}

static int open_msi(void)
{
	return msi(0);
}

static void heirs_of_a_line(void **state)
{
	if (owner)
		skip();		/* the file is root's */
	heirs_are_one_owner(open_line, 1);
}

static void heirs_of_intx(void **state)
{
	heirs_are_one_owner(open_intx, 1);
}

static void heirs_of_msi(void **state)
{
	heirs_are_one_owner(open_msi, 1);
}

/* ---- reset under a mapping ------------------------------------------------------------ */

static sigjmp_buf on_bus;

static void bus_error(int signum)
{
	siglongjmp(on_bus, 1);
}

/* Reads a register for ever; what reads as switched off, or not at all, is counted. */
static void read_for_ever(volatile uint32_t *regs, uint64_t *counted)
{
	volatile bool on;

	signal(SIGBUS, bus_error);
	for (;;) {
		on = false;
		if (!sigsetjmp(on_bus, 1))
			on = regs[NIC_STATUS / 4] != UINT32_MAX;
		counted[on ? 0 : 1]++;
	}
}

static void a_mapping_outlives_resets(void **state)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = 0 };
	uint64_t *counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0), before;
	volatile uint32_t *regs;
	pid_t pid;

	assert_int_equal(ioctl(vn.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vn.device,
		    (off_t)info.offset);
	assert_ptr_not_equal(regs, MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		read_for_ever(regs, counted);
	for (int i = 0; i < RESETS; i++) {
		drop(i % 3);
		fds[i % 3] = msix((uint32_t)i % 3);
		assert_true(fds[i % 3] >= 0);
		assert_int_equal(ioctl(vn.device, VFIO_DEVICE_RESET), 0);
		command(&vn, i % 2 ? 0x6 : 0x4);
		sleep_ms(5);
	}
	command(&vn, 0x6);
	before = __atomic_load_n(&counted[0], __ATOMIC_SEQ_CST);
	for (int ms = 0; __atomic_load_n(&counted[0], __ATOMIC_SEQ_CST) == before; ms++) {
		assert_true(ms < slow_ms(5000));
		sleep_ms(1);
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print_message("%lu reads, %lu while it was off\n", (unsigned long)counted[0],
		      (unsigned long)counted[1]);
	for (unsigned int i = 0; i < 3; i++) {
		nic_raise(i);
		nic_count(i);
	}
	munmap((void *)regs, 4096);
	munmap(counted, 4096);
}

/* ---- VFIO's interrupts and ours ------------------------------------------------------- */

static volatile bool stop;
static int event, strange;	/* an answer that nobody should get */

static void expect(int ret)
{
	if (ret < 0 && ret != -EBUSY && ret != -EINVAL)
		strange = ret;
}

static void *take_by_vfio(void *data)
{
	for (uint32_t i = 0; !stop; i++) {
		uint32_t index = i % 2;

		expect(vfio_eventfd(&v, index, event));
		expect(vfio_set_irqs(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
				     VFIO_PCI_INTX_IRQ_INDEX, 1, NULL));
		expect(vfio_set_irqs(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
				     index, 0, NULL));
	}
	return NULL;
}

static void *raise_for_ever(void *data)
{
	while (!stop) {
		edu_raise(&edu);
		edu_ack(&edu);
	}
	return NULL;
}

/* Opens each kind in turn; true: it was not VFIO's. */
static bool take_by_us(unsigned int i)
{
	int fd = i % 2 ? open_msi() : open_intx();

	expect(fd);
	if (fd < 0)
		return false;
	nonblock(fd, true);
	get_count(fd);
	expect(put(fd, i / 2 % 2));
	get_count(fd);
	close(fd);
	return true;
}

static void normal_service(int fd)
{
	fds[0] = fd;
	assert_true(fd >= 0);
	nonblock(fd, true);
	while (get_count(fd) > 0)
		;
	for (int i = 0; i < 20; i++) {
		edu_raise(&edu);
		assert_true(readable(fd, 2000));
		edu_ack(&edu);
		assert_int_equal(get_count(fd), 1);
	}
	drop(0);
}

static void vfio_and_we_take_turns(void **state)
{
	unsigned int ours = 0, tries = 0;
	pthread_t taker, raiser;
	uint64_t value;

	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stop = false;
	strange = 0;
	assert_int_equal(pthread_create(&taker, NULL, take_by_vfio, NULL), 0);
	assert_int_equal(pthread_create(&raiser, NULL, raise_for_ever, NULL), 0);
	for (uint64_t end = now_ns() + MIX_MS * 1000000ULL; now_ns() < end; tries++)
		ours += take_by_us(tries);
	stop = true;
	pthread_join(taker, NULL);
	pthread_join(raiser, NULL);
	print_message("%u of %u tries were ours\n", ours, tries);
	assert_int_equal(strange, 0);
	assert_in_range(ours, 1, tries - 1);
	vfio_set_irqs(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, NULL);
	vfio_set_irqs(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1, 0, NULL);
	edu_ack(&edu);
	normal_service(open_intx());
	normal_service(open_msi());
	assert_int_equal(vfio_eventfd(&v, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	get(event, &value, sizeof(value));
	edu_raise(&edu);
	assert_true(readable(event, 2000));
	edu_ack(&edu);
	close(event);
}

/* ---- the frame ---------------------------------------------------------------------------- */

static int setup(void **state)
{
	return vec_setup(state) || (owner && seteuid(owner));
}

/* What a test that failed has left would keep the interrupt from the next one. */
static int teardown(void **state)
{
	for (int i = 0; i < HEIRS; i++)
		heir_ends(i);
	edu_ack(&edu);
	return (owner && seteuid(0)) || vec_teardown(state);
}

#define TEST(f) { #f, f, setup, teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(heirs_of_a_line), TEST(heirs_of_intx), TEST(heirs_of_msi),
		TEST(a_mapping_outlives_resets), TEST(vfio_and_we_take_turns),
	};

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: abusemix EDU E1000E [UID]\n");
		return 100;
	}
	owner = argc == 4 ? (uid_t)strtoul(argv[3], NULL, 10) : 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&edu, argv[1]);
	device_open(&nic, argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
