// SPDX-License-Identifier: MIT
/*
 * Devices that interrupt endlessly: how often they are served, who is told, and
 * that service is normal when they stop.
 *
 *	irqstorm EDU E1000E	bound to udrv
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irqvec.h"

enum {
	STORM_MS = 1500,
	LIMIT = 1000,			/* set by the test; an emulator is slow */
	NIC_LIMIT = 200,		/* and its NIC lets 128 us pass and more */
	HERE = 0, THERE = 1,		/* processors */
};

static volatile uint64_t *ticks;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static int start(void (*fn)(void), int cpu)
{
	int pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	on_cpu(cpu);
	for (;;)
		fn();
}

static void stop(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void tick(void)
{
	(*ticks)++;
}

static void raise_msi(void)
{
	edu_raise(&edu);
}

static void read_it(void)
{
	uint64_t count;

	if (read(fds[0], &count, sizeof(count)) != sizeof(count))
		_exit(1);
}

static uint64_t count_for(int ms)
{
	uint64_t before = *ticks;

	sleep_ms(ms);
	return *ticks - before;
}

static unsigned int storms(const struct edu *dev)
{
	char path[80];
	unsigned int n;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/irq_storms", dev->bdf);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &n), 1);
	fclose(file);
	return n;
}

static void irq_to(int irq, int cpu)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", irq);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%d\n", cpu);
	assert_int_equal(fclose(file), 0);
}

static bool told(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, ms) == 1 && pfd.revents & POLLPRI;
}

/*
 * Runs `storm` on the other processor: how many interrupts came in that time.
 * What is left of this one is said, but not judged: it depends on the host.
 */
static uint64_t interrupts_during(void (*storm)(void), int irq)
{
	int ticker = start(tick, THERE), pid;
	uint64_t quiet, busy, came;

	sleep_ms(50);
	quiet = count_for(STORM_MS);
	pid = start(storm, HERE);
	came = line_interrupts(irq);
	busy = count_for(STORM_MS);
	came = line_interrupts(irq) - came;
	stop(pid);
	stop(ticker);
	print_message("%lu interrupts, %lu %% of the processor left to others\n",
		      (unsigned long)came, (unsigned long)(busy * 100 / (quiet + 1)));
	assert_true(busy > 0);
	return came;
}

static void an_msi_storm_is_bounded(void **state)
{
	unsigned int before = storms(&edu);
	struct udrv_irq_event ev;
	int fd = fds[0] = msi(O_NONBLOCK), irq = irq_named("udrv:0000:00:08.0[0]");

	assert_true(fd >= 0);
	/* Where it is raised: in QEMU one processor starves the other of devices. */
	irq_to(irq, HERE);
	assert_in_range(interrupts_during(raise_msi, irq), 100, 2 * LIMIT * STORM_MS / 1000);
	assert_true(storms(&edu) > before);
	assert_true(told(fd, 0));
	assert_int_equal(get(fd, &ev, sizeof(ev)), sizeof(ev));
	assert_true(ev.flags & UDRV_IRQ_STORM);
	assert_true(ev.count > 100);

	/* It was the last one (and slow enough not to be one): normal service, and nobody is told any more. */
	sleep_ms(200);
	get(fd, &ev, sizeof(ev));
	before = storms(&edu);
	for (int i = 0; i < 100; i++) {
		sleep_ms(2);
		edu_raise(&edu);
		assert_true(readable(fd, 1000));
		assert_int_equal(get(fd, &ev, sizeof(ev)), sizeof(ev));
		assert_int_equal(ev.count, 1);
		assert_int_equal(ev.flags, 0);
	}
	assert_int_equal(storms(&edu), before);
	assert_false(told(fd, 0));
}

static void set_limit(unsigned int limit)
{
	FILE *file = fopen("/sys/module/udrv/parameters/storm_limit", "w");

	assert_non_null(file);
	fprintf(file, "%u\n", limit);
	assert_int_equal(fclose(file), 0);
}

static void raise_nic(void)
{
	nic_raise(0);
}

/* A NIC that is told to interrupt all the time (ICS), on MSI-X; a reset ends it. */
static void an_ics_storm_is_bounded(void **state)
{
	int fd = fds[0] = msix(0), irq = irq_named("udrv:0000:00:06.0[0]");
	unsigned int before = storms(&nic);
	struct udrv_irq_event ev;

	assert_true(fd >= 0);
	irq_to(irq, HERE);
	set_limit(NIC_LIMIT);
	assert_in_range(interrupts_during(raise_nic, irq), 10, 2 * NIC_LIMIT * STORM_MS / 1000);
	set_limit(LIMIT);
	assert_true(storms(&nic) > before);
	assert_int_equal(get(fd, &ev, sizeof(ev)), sizeof(ev));
	assert_true(ev.flags & UDRV_IRQ_STORM);

	assert_int_equal(ioctl(vn.device, VFIO_DEVICE_RESET), 0);
	command(&vn, 0x6);
	sleep_ms(200);
	while (get(fd, &ev, sizeof(ev)) > 0)
		;
	before = storms(&nic);
	for (int i = 0; i < 50; i++) {
		sleep_ms(2);
		nic_raise(0);
		nic_count(0);
	}
	assert_int_equal(storms(&nic), before);
}

/* Its reader re-arms as fast as he can, and nobody serves the device. */
static void an_intx_that_never_falls_silent_is_bounded(void **state)
{
	unsigned int before = storms(&edu);
	int fd = fds[0] = vfio_irq_fd(&v, 0);
	struct udrv_irq_event ev;

	assert_true(fd >= 0);
	irq_to(edu.irq, THERE);
	edu_raise(&edu);
	interrupts_during(read_it, edu.irq);
	assert_true(storms(&edu) > before);
	edu_ack(&edu);
	sleep_ms(200);
	nonblock(fd, true);
	while (get(fd, &ev, sizeof(ev)) > 0)
		;
	before = storms(&edu);
	for (int i = 0; i < 100; i++) {
		sleep_ms(2);
		assert_false(readable(fd, 0));
		edu_raise(&edu);
		assert_true(readable(fd, 1000));
		edu_ack(&edu);
		assert_int_equal(get_count(fd), 1);
	}
	assert_int_equal(storms(&edu), before);
}

/* The reader himself sleeps most of the time: the pace is bounded for him, too. */
static void the_pace_is_bounded(void **state)
{
	int fd = fds[0] = vfio_irq_fd(&v, 0), pid;
	struct udrv_irq_event ev;
	uint64_t count = 0;
	uint64_t end;

	assert_true(fd >= 0);
	edu_raise(&edu);
	for (end = now_ns() + 1000000000; now_ns() < end; count += ev.count)
		assert_int_equal(get(fd, &ev, sizeof(ev)), sizeof(ev));
	print_message("%lu in a second\n", (unsigned long)count);
	assert_in_range(count, 100, 2 * LIMIT);
	/* Blocked for the rest of a window, he can be killed. */
	pid = start(read_it, HERE);
	sleep_ms(100);
	stop(pid);
	edu_ack(&edu);
}

/* Masked by write() in a storm, it stays masked when the storm is over. */
static void a_mask_outlives_the_storm(void **state)
{
	int pid = start(raise_msi, HERE);	/* before, or it inherits the descriptor */
	int fd = fds[0] = msi(O_NONBLOCK);

	assert_true(fd >= 0);
	assert_true(told(fd, 5000));
	assert_int_equal(put(fd, 0), 0);
	get_count(fd);
	sleep_ms(200);
	assert_int_equal(get_count(fd), -EAGAIN);
	assert_int_equal(put(fd, 1), 0);
	assert_true(readable(fd, 1000));
	/* And closing in the midst of one leaves nothing behind. */
	for (int i = 0; i < 20; i++) {
		drop(0);
		fds[0] = msi(O_NONBLOCK);
		assert_true(fds[0] >= 0);
		sleep_ms(i * 5);
	}
	stop(pid);
}

#define TEST(f) { #f, f, vec_setup, vec_teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(an_msi_storm_is_bounded), TEST(an_ics_storm_is_bounded),
		TEST(an_intx_that_never_falls_silent_is_bounded),
		TEST(the_pace_is_bounded), TEST(a_mask_outlives_the_storm),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: irqstorm EDU E1000E\n");
		return 100;
	}
	ticks = mmap(NULL, sizeof(*ticks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&edu, argv[1]);
	device_open(&nic, argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
