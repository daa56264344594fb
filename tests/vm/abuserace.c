// SPDX-License-Identifier: MIT
/*
 * Four threads do to two devices and to the module whatever root can do, all at
 * once: open and close, read and poll, bind, unbind, rmmod, insmod, reset, and
 * interrupts at any moment.  Most of it fails, being too early or too late; what
 * is tested is that nothing hangs (here) and nothing warns (by the kernel's log).
 *
 *	abuserace SECONDS SEED EDU-BDF OTHER-BDF MODULE.ko
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "irqlib.h"

#define THREADS		4
/* An unbind may have to wait for the others' calls, each of milliseconds. */
#define STALL_SECONDS	60
#define ARRAY(a)	(sizeof(a) / sizeof((a)[0]))

struct worker {
	pthread_t thread;
	uint64_t seed;
	const char *bdf;	/* of this turn */
	const char *doing;
	unsigned long turns;
};

static struct edu edu;
static const char *bdfs[2], *module;
static pthread_rwlock_t vfio_irqs = PTHREAD_RWLOCK_INITIALIZER;
static bool stop;
static unsigned long vectors;	/* of ours, that were opened; atomic */

static uint32_t rnd(struct worker *w, uint32_t below)	/* xorshift64* */
{
	w->seed ^= w->seed >> 12;
	w->seed ^= w->seed << 25;
	w->seed ^= w->seed >> 27;
	return (uint32_t)((w->seed * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* A look at what is there, as a driver that begins. */
static void use(struct worker *w, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	nonblock(fd, true);
	for (uint32_t i = rnd(w, 4); i; i--) {
		poll(&pfd, 1, (int)rnd(w, 3));
		get_count(fd);
		if (rnd(w, 4) == 0)
			put(fd, rnd(w, 2));
	}
}

static int open_line(struct worker *w)
{
	int fd = line_open(&edu, rnd(w, 2) ? O_RDWR : O_RDONLY);

	if (fd < 0)
		return fd;
	use(w, fd);
	return close(fd);
}

/*
 * VFIO's own interrupts, which go when the device is closed; never during a reset by
 * sysfs, because the kernel (6.12) restores vectors that VFIO has just freed, and
 * follows a NULL pointer, with vfio-pci as well.
 */
static void use_vfio_irqs(struct worker *w, struct vfio *v)
{
	int event;

	if (pthread_rwlock_tryrdlock(&vfio_irqs) != 0)
		return;
	event = eventfd(0, EFD_CLOEXEC);
	vfio_eventfd(v, rnd(w, VFIO_PCI_NUM_IRQS), event);
	close(event);
	vfio_close(v);
	pthread_rwlock_unlock(&vfio_irqs);
}

/* Its INTx, its MSI, or a vector of its MSI-X; the edu has no MSI-X. */
static int open_interrupt(struct worker *w, struct vfio *v)
{
	struct udrv_irq_fd req = {
		.argsz = sizeof(req), .flags = O_CLOEXEC, .index = rnd(w, 3),
	};
	int fd;

	if (req.index == VFIO_PCI_MSIX_IRQ_INDEX)
		req.vector = rnd(w, 2);
	fd = ioctl(v->device, UDRV_IOCTL_IRQ_FD, &req);
	if (fd >= 0 && req.index != VFIO_PCI_INTX_IRQ_INDEX)
		__atomic_add_fetch(&vectors, 1, __ATOMIC_RELAXED);
	return fd;
}

static int open_device(struct worker *w)
{
	struct vfio v;
	int fd, ret = vfio_open(&v, w->bdf);

	if (ret)
		return ret;
	fd = rnd(w, 4) ? open_interrupt(w, &v) : -1;
	if (fd >= 0)
		use(w, fd);
	if (rnd(w, 2))
		use_vfio_irqs(w, &v);
	/* In either order: the descriptor may outlive the device's. */
	if (rnd(w, 2)) {
		vfio_close(&v);
		if (fd >= 0)
			use(w, fd);
	}
	if (fd >= 0)
		close(fd);
	vfio_close(&v);
	return 0;
}

static int bind_device(struct worker *w)
{
	return write_file("/sys/bus/pci/drivers/udrv/bind", w->bdf);
}

static int unbind_device(struct worker *w)
{
	return write_file("/sys/bus/pci/drivers/udrv/unbind", w->bdf);
}

static int remove_module(struct worker *w)
{
	return syscall(SYS_delete_module, "udrv", O_NONBLOCK) ? -errno : 0;
}

static int load_module(struct worker *w)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int reset(struct worker *w)
{
	char path[80];
	int ret;

	if (pthread_rwlock_trywrlock(&vfio_irqs) != 0)
		return -EBUSY;
	/* The edu has none. */
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", bdfs[1]);
	ret = write_file(path, "1");
	pthread_rwlock_unlock(&vfio_irqs);
	return ret;
}

static int interrupt(struct worker *w)
{
	for (uint32_t i = rnd(w, 20); i; i--) {
		edu_raise(&edu);
		if (rnd(w, 2))
			edu_ack(&edu);
	}
	return 0;
}

static struct act {
	const char *name;
	int (*act)(struct worker *w);
	unsigned int weight;		/* of 100 */
	unsigned long done, good;	/* atomic */
} acts[] = {
	{ "open a line", open_line, 30, 0, 0 },
	{ "open a device", open_device, 30, 0, 0 },
	{ "bind", bind_device, 8, 0, 0 },
	{ "unbind", unbind_device, 5, 0, 0 },
	{ "rmmod", remove_module, 4, 0, 0 },
	{ "insmod", load_module, 6, 0, 0 },
	{ "reset", reset, 2, 0, 0 },
	{ "interrupt", interrupt, 15, 0, 0 },
};

static struct act *next_act(struct worker *w)
{
	uint32_t at = rnd(w, 100);

	for (size_t i = 0; i < ARRAY(acts); i++) {
		if (at < acts[i].weight)
			return &acts[i];
		at -= acts[i].weight;
	}
	return &acts[0];
}

static void *work(void *data)
{
	struct worker *w = data;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct act *a = next_act(w);

		w->bdf = bdfs[rnd(w, 2)];
		__atomic_store_n(&w->doing, a->name, __ATOMIC_RELAXED);
		__atomic_add_fetch(&a->done, 1, __ATOMIC_RELAXED);
		if (a->act(w) >= 0)
			__atomic_add_fetch(&a->good, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&w->turns, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Who of them hangs?  The first one, or NULL; waits until the time is over. */
static struct worker *watch(struct worker *workers, uint64_t end)
{
	unsigned long turns[THREADS] = { 0 };
	uint64_t moved[THREADS];

	for (int i = 0; i < THREADS; i++)
		moved[i] = now_ns();
	while (now_ns() < end) {
		sleep_ms(100);
		for (int i = 0; i < THREADS; i++) {
			unsigned long now = __atomic_load_n(&workers[i].turns, __ATOMIC_RELAXED);

			if (now != turns[i])
				moved[i] = now_ns();
			turns[i] = now;
			if (now_ns() - moved[i] > STALL_SECONDS * 1000000000ULL)
				return &workers[i];
		}
	}
	return NULL;
}

static int report(void)
{
	int idle = 0;

	for (size_t i = 0; i < ARRAY(acts); i++) {
		printf("# %-14s %8lu times, %8lu succeeded\n", acts[i].name, acts[i].done,
		       acts[i].good);
		if (!acts[i].good) {
			printf("# \"%s\" never succeeded: this was no test\n", acts[i].name);
			idle++;
		}
	}
	printf("# %lu of the interrupts were MSI or MSI-X\n", vectors);
	return idle || !vectors ? 1 : 0;
}

int main(int argc, char *argv[])
{
	struct worker workers[THREADS] = { 0 }, *stalled;
	uint64_t end;

	if (argc != 6) {
		fprintf(stderr, "usage: abuserace SECONDS SEED EDU-BDF OTHER-BDF MODULE.ko\n");
		return 100;
	}
	bdfs[0] = argv[3];
	bdfs[1] = argv[4];
	module = argv[5];
	edu_open(&edu, bdfs[0]);
	end = now_ns() + strtoul(argv[1], NULL, 10) * 1000000000ULL;
	for (int i = 0; i < THREADS; i++) {
		workers[i].seed = (strtoul(argv[2], NULL, 10) * THREADS + (unsigned long)i) * 2 + 1;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	stalled = watch(workers, end);
	if (stalled) {
		printf("# a thread hangs: %s %s\n", stalled->doing, stalled->bdf);
		fflush(stdout);
		_exit(1);	/* joining it would hang as well */
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	return report();
}
