// SPDX-License-Identifier: MIT
/*
 * What an interrupt costs with one method of getting it, in instructions: for
 * the lab's machine "icount", whose time stamp counter counts them.
 *
 *	irqcost METHOD BDF		the device has the method's driver
 *
 * Three figures, each of 2000 interrupts:
 *   self	one thread raises the interrupt and takes it: the whole turn
 *   latency	from raising it to the return of a thread that was blocked
 *   round	the same and on, until that thread has served the device, has made
 *		it ready for the next interrupt and sleeps again: all that an
 *		interrupt costs
 * The blocked thread is SCHED_FIFO and the processor the only one, so that the
 * one who raises goes on when the other sleeps, never earlier.
 *
 * Prints one JSON object; exit status 77 when the method is not there, and why.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../tests/vm/irqlib.h"

/* What must be for a figure to mean anything; cmocka's would say nothing here. */
#define NEED(x)	((x) ? (void)0 : die(__LINE__, #x))

#define WARM_UP		100
#define TURNS		2000
/* QEMU's e1000e lets 128 us pass between two interrupts. */
#define GAP_INSN	200000
#define PRIORITY	40
#define HANG_SECONDS	60
#define EX_SKIP		77
#define EX_WRONG_USE	100

/* ---- cards that interrupt when told to ------------------------------------------ */

struct card {
	unsigned int raise, raise_val;
	unsigned int ack, ack_val;
	unsigned int route, route_val;	/* 82574 manual, "IVAR": RxQ0 to vector 0 */
	unsigned int enable;		/* "IMS"; 0: no such register */
	unsigned int gap;
};
/* QEMU's docs/specs/edu.rst; 82574 manual: "ICS", "ICR", "IMS", bit "RxQ0", a
 * cause that nothing else raises while the receiver is off. */
static const struct card edu_card = {
	.raise = 0x60, .raise_val = 1, .ack = 0x64, .ack_val = 1,
};
static const struct card e1000e_card = {
	.raise = 0xc8, .raise_val = 1 << 20, .ack = 0xc0, .ack_val = 1 << 20,
	.route = 0xe4, .route_val = 0x8, .enable = 0xd0, .gap = GAP_INSN,
};

static void die(int line, const char *what)
{
	fprintf(stderr, "irqcost: line %d: not so: %s (%s)\n", line, what, strerror(errno));
	exit(1);
}

static const struct card *card;
static struct edu dev;

static void dev_raise(void)
{
	dev.regs[card->raise / 4] = card->raise_val;
}

static void dev_serve(void)
{
	dev.regs[card->ack / 4] = card->ack_val;
}

/* Bus mastering, without which a device sends no MSI. */
static void dev_master(void)
{
	enum { COMMAND = 4, MASTER = 1 << 2 };
	char path[80];
	uint16_t cmd;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", dev.bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
	NEED(pread(fd, &cmd, sizeof(cmd), COMMAND) == (ssize_t)sizeof(cmd));
	cmd |= MASTER;
	NEED(pwrite(fd, &cmd, sizeof(cmd), COMMAND) == (ssize_t)sizeof(cmd));
	close(fd);
}

static void dev_open(const char *bdf)
{
	device_open(&dev, bdf);
	dev_master();
	dev_serve();
	if (card->route)
		dev.regs[card->route / 4] = card->route_val;
	if (card->enable)
		dev.regs[card->enable / 4] = card->raise_val;
}

/* ---- methods -------------------------------------------------------------------- */

struct method {
	const char *name;
	const struct card *card;
	uint32_t index;			/* VFIO_PCI_*_IRQ_INDEX */
	int (*open)(const struct method *m);	/* 0 or -errno: not there */
	void (*arm)(void);		/* ready for the next interrupt; optional */
	void (*wait)(void);		/* for one that was armed */
	void (*block)(void);		/* arm and wait, in the cheapest way there is */
	void (*after)(void);		/* when the device was served; optional */
};

static const char *bdf;
static struct vfio vfio = { -1, -1, -1, 0 };
static struct io_uring ring;
static uint64_t ring_count;
static int fd = -1, config = -1;

static void read_bytes(ssize_t len)
{
	uint64_t count = 0;

	NEED(get(fd, &count, (size_t)len) == len);
	NEED(count == 1);
}

static void read_4(void)
{
	read_bytes(4);
}

static void read_8(void)
{
	read_bytes(8);
}

static int eventfd_open(const struct method *m)
{
	int ret = vfio_open(&vfio, bdf);

	if (ret)
		return ret;
	fd = eventfd(0, EFD_CLOEXEC);
	return vfio_eventfd(&vfio, m->index, fd);
}

static void vfio_unmask(void)
{
	NEED(!vfio_set_irqs(&vfio, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
				       VFIO_PCI_INTX_IRQ_INDEX, 1, NULL));
}

/* UIO's kernel half masks; its user unmasks in the command register's high byte. */
enum { UIO_COMMAND_HIGH = 5, UIO_INTX_DISABLE = 0x04 };
static uint8_t uio_command;

static void uio_unmask(void)
{
	NEED(pwrite(config, &uio_command, 1, UIO_COMMAND_HIGH) == 1);
}

static int uio_open(const struct method *m)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	config = open(path, O_RDWR | O_CLOEXEC);
	fd = open("/dev/uio0", O_RDWR | O_CLOEXEC);
	if (config < 0 || fd < 0)
		return -errno;
	NEED(pread(config, &uio_command, 1, UIO_COMMAND_HIGH) == 1);
	uio_command &= (uint8_t)~UIO_INTX_DISABLE;
	uio_unmask();
	return 0;
}

/* UIO reads how many there were since the driver was bound. */
static void uio_read(void)
{
	uint32_t count;

	NEED(get(fd, &count, sizeof(count)) == (ssize_t)sizeof(count));
}

static int line_file_open(const struct method *m)
{
	fd = line_open(&dev, O_RDWR);
	return fd < 0 ? fd : 0;
}

static int desc_open(const struct method *m)
{
	struct udrv_irq_fd req = { .argsz = sizeof(req), .index = m->index };
	int ret = vfio_open(&vfio, bdf);

	if (ret)
		return ret;
	fd = ioctl(vfio.device, UDRV_IOCTL_IRQ_FD, &req);
	return fd < 0 ? -errno : 0;
}

static void desc_arm(void)
{
	NEED(put(fd, 1) == 0);
}

static void ring_queue(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_read(sqe, fd, &ring_count, sizeof(ring_count), 0);
}

static void ring_take(void)
{
	struct io_uring_cqe *cqe;

	NEED(io_uring_peek_cqe(&ring, &cqe) == 0);
	NEED(cqe->res == (int)sizeof(ring_count));
	NEED(ring_count == 1);
	io_uring_cqe_seen(&ring, cqe);
}

static void ring_arm(void)
{
	ring_queue();
	NEED(io_uring_submit(&ring) == 1);
}

static void ring_wait(void)
{
	struct io_uring_cqe *cqe;

	NEED(io_uring_wait_cqe(&ring, &cqe) == 0);
	ring_take();
}

static void ring_block(void)
{
	ring_queue();
	NEED(io_uring_submit_and_wait(&ring, 1) == 1);
	ring_take();
}

static int ring_open(const struct method *m)
{
	int ret = io_uring_queue_init(8, &ring, IORING_SETUP_COOP_TASKRUN);

	return ret ? ret : desc_open(m);
}

static int kthread_open(const struct method *m)
{
	fd = open("/dev/irq_kthread", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

#define INTX	.card = &edu_card, .index = VFIO_PCI_INTX_IRQ_INDEX
#define MSI	.card = &edu_card, .index = VFIO_PCI_MSI_IRQ_INDEX
#define MSIX	.card = &e1000e_card, .index = VFIO_PCI_MSIX_IRQ_INDEX
#define EVENTFD	.open = eventfd_open, .wait = read_8, .block = read_8
#define DESC	.open = desc_open, .wait = read_8, .block = read_8
#define RING	.open = ring_open, .arm = ring_arm, .wait = ring_wait, .block = ring_block

static const struct method methods[] = {
	{ .name = "vfio_intx", INTX, EVENTFD, .after = vfio_unmask },
	{ .name = "vfio_msi", MSI, EVENTFD },
	{ .name = "vfio_msix", MSIX, EVENTFD },
	{ .name = "uio_pci_generic", INTX, .open = uio_open, .wait = uio_read, .block = uio_read,
	  .after = uio_unmask },
	{ .name = "irq_kthread", INTX, .open = kthread_open, .wait = read_4, .block = read_4 },
	{ .name = "udrv_line", INTX, .open = line_file_open, .arm = desc_arm, .wait = read_4,
	  .block = read_4 },
	{ .name = "udrv_intx", INTX, DESC, .arm = desc_arm },
	{ .name = "udrv_msi", MSI, DESC },
	{ .name = "udrv_msix", MSIX, DESC },
	{ .name = "udrv_intx_uring", INTX, RING },
	{ .name = "udrv_msi_uring", MSI, RING },
};

/* ---- measuring ------------------------------------------------------------------ */

static uint64_t self[TURNS], latency[TURNS], rounds[TURNS];
static uint64_t raised, returned;	/* time stamps */
static bool stop;

static void gap(void)
{
	for (uint64_t end = __rdtsc() + card->gap; __rdtsc() < end;)
		;
}

static void measure_self(const struct method *m)
{
	for (int i = -WARM_UP; i < TURNS; i++) {
		uint64_t start;

		gap();
		start = __rdtsc();
		if (m->arm)
			m->arm();
		dev_raise();
		m->wait();
		dev_serve();
		if (m->after)
			m->after();
		if (i >= 0)
			self[i] = __rdtsc() - start;
	}
}

static void *blocked(void *data)
{
	const struct method *m = data;

	while (!stop) {
		m->block();
		returned = __rdtsc();
		dev_serve();
		if (m->after)
			m->after();
	}
	return NULL;
}

static void measure_blocked(const struct method *m)
{
	struct sched_param param = { .sched_priority = PRIORITY };
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	NEED(pthread_create(&thread, &attr, blocked, (void *)m) == 0);
	for (int i = -WARM_UP; i < TURNS; i++) {
		gap();
		returned = 0;
		raised = __rdtsc();
		dev_raise();
		/* The other one has run by now, unless it lost the processor to the
		 * kernel's own threads. */
		while (!__atomic_load_n(&returned, __ATOMIC_RELAXED))
			;
		if (i >= 0) {
			rounds[i] = __rdtsc() - raised;
			latency[i] = returned - raised;
		}
	}
	stop = true;
	gap();
	dev_raise();
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *what, uint64_t *insn, const char *end)
{
	qsort(insn, TURNS, sizeof(*insn), compare);
	printf("\"%s\": {\"min\": %lu, \"p50\": %lu, \"p90\": %lu}%s", what, insn[0], insn[TURNS / 2],
	       insn[TURNS * 9 / 10], end);
}

static const struct method *find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

int main(int argc, char *argv[])
{
	const struct method *m = argc == 3 ? find(argv[1]) : NULL;
	int ret;

	if (!m) {
		fprintf(stderr, "usage: irqcost METHOD BDF; the methods are:");
		for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
			fprintf(stderr, " %s", methods[i].name);
		fprintf(stderr, "\n");
		return EX_WRONG_USE;
	}
	alarm(HANG_SECONDS);
	bdf = argv[2];
	card = m->card;
	dev.bdf = bdf;
	device_open(&dev, bdf);
	ret = m->open(m);
	if (ret) {
		printf("{\"name\": \"%s\", \"reason\": \"cannot be opened: %s\"}\n", m->name,
		       strerror(-ret));
		return EX_SKIP;
	}
	dev_open(bdf);
	measure_self(m);
	measure_blocked(m);
	printf("{\"name\": \"%s\", ", m->name);
	print("self", self, ", ");
	print("latency", latency, ", ");
	print("round", rounds, "}\n");
	return 0;
}
