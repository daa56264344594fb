// SPDX-License-Identifier: MIT
/*
 * Calls udrv.ko in every way that its interface allows and in many that it does
 * not, on what an owner of the device holds: the VFIO descriptors and interrupt
 * descriptors.  Arguments have the shape the kernel expects, with values that
 * are right often enough to get far, and wrong in one place.
 *
 *	abusefuzz CALLS SEED BDF [UID]
 *
 * With UID it gives up root first, as udrvd's drivers do.  The kernel is judged
 * by its log and by what it has left afterwards; this program only sees to it
 * that the calls got somewhere: each kind must have succeeded now and then.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <liburing.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abusedma.h"

#define IRQS		3
#define TICK_US		3000	/* a signal ends what blocks */
#define CONFIG_SIZE	256
#define EDU_DMA_COMMAND	0x98	/* QEMU's docs/specs/edu.rst */
#define CHURN		5000
#define ARRAY(a)	(sizeof(a) / sizeof((a)[0]))

static struct edu edu;
static struct vfio vfio = { -1, -1, -1, 0 };
static int irqs[IRQS] = { -1, -1, -1 };
static int events = -1;
static struct io_uring ring;
static unsigned int in_ring;
static uint64_t region[VFIO_PCI_NUM_REGIONS];	/* where each begins */
static bool root;
static uint8_t *buffer, *readonly;
static uint64_t ring_count;

static bool is_iommufd(void)
{
	return vfio.group < 0;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- values ----------------------------------------------------------------- */

/* Mostly one that is open. */
static int any_irq(void)
{
	int fd = -1;

	for (int i = 0; fd < 0 && i < IRQS; i++)
		fd = irqs[rnd(IRQS)];
	return fd;
}

static void *any_memory(void)
{
	return rnd(8) ? buffer : rnd(2) ? readonly : NULL;
}

static void keep_irq(int fd)
{
	int *slot = &irqs[rnd(IRQS)];

	if (fd < 0)
		return;
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/* ---- calls: each returns what the system call did --------------------------------- */

static long irq_fd(void)
{
	struct udrv_irq_fd req = {
		.argsz = rnd(8) ? sizeof(req) : value(32),
		.flags = rnd(8) ? O_NONBLOCK | (rnd(2) ? O_CLOEXEC : 0) : value(64),
		.index = rnd(2) ? VFIO_PCI_INTX_IRQ_INDEX : value(VFIO_PCI_NUM_IRQS),
		.vector = rnd(2) ? 0 : value(6),
	};
	int fd = ioctl(vfio.device, UDRV_IOCTL_IRQ_FD, rnd(16) ? (void *)&req : any_memory());

	keep_irq(fd);
	return fd;
}

static long line_file(void)
{
	static const int flags[] = { O_RDONLY, O_RDWR, O_RDWR | O_EXCL, O_RDONLY | O_SYNC, O_WRONLY };
	int fd = line_open(&edu, flags[rnd(ARRAY(flags))] | (rnd(4) ? O_NONBLOCK : 0));

	if (fd < 0)
		errno = -fd;
	else if (rnd(2))
		close(fd);	/* or nobody else would ever get the line */
	else
		keep_irq(fd);
	return fd;
}

static long irq_close(void)
{
	long ret = -1;

	/* All of them, because with one left nobody gets it anew. */
	for (int i = 0; i < IRQS; i++) {
		if (irqs[i] >= 0)
			ret = close(irqs[i]);
		irqs[i] = -1;
	}
	return ret;
}

static long irq_read(void)
{
	static const size_t sizes[] = { 0, 1, 2, 4, 8, 12, 16, 17, 4096 };
	struct iovec iov = { any_memory(), sizes[rnd(ARRAY(sizes))] };

	if (rnd(2))
		return read(any_irq(), iov.iov_base, iov.iov_len);
	return preadv2(any_irq(), &iov, 1, rnd(4) ? -1 : 0, rnd(2) ? RWF_NOWAIT : 0);
}

static long irq_write(void)
{
	*(uint32_t *)buffer = rnd(4) ? 1 : value(2);
	return write(any_irq(), any_memory(), rnd(8) ? 4 : rnd(17));
}

static long irq_poll(void)
{
	struct pollfd pfd[2] = {
		{ .fd = any_irq(), .events = (short)value(0x40) }, { any_irq(), POLLIN, 0 },
	};

	return poll(pfd, 2, rnd(16) ? 0 : 2);
}

static long irq_odd(void)
{
	int fd = any_irq();

	switch (rnd(7)) {
	case 0: return fcntl(fd, F_SETFL, rnd(4) ? O_NONBLOCK : 0);
	case 1: return lseek(fd, rnd(64), SEEK_SET);
	case 2: return fsync(fd);
	case 3: return ioctl(fd, rnd(2) ? UDRV_IOCTL_IRQ_FD : VFIO_DEVICE_RESET, buffer);
	case 4: return mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0;
	case 5: return ftruncate(fd, 0);
	default: keep_irq(dup(fd)); return 0;
	}
}

static long ring_submit(void)
{
	struct io_uring_sqe *sqe = in_ring < 8 ? io_uring_get_sqe(&ring) : NULL;

	if (!sqe)
		return -1;
	if (rnd(2))
		io_uring_prep_read(sqe, any_irq(), &ring_count, 8, 0);
	else
		io_uring_prep_poll_add(sqe, any_irq(), POLLIN);
	in_ring++;
	return io_uring_submit(&ring);
}

static void ring_cancel(void)
{
	struct io_uring_sync_cancel_reg cancel = {
		.fd = -1, .flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
		.timeout = { -1, -1 },
	};

	io_uring_register_sync_cancel(&ring, &cancel);
}

static long ring_reap(void)
{
	struct io_uring_cqe *cqe;
	long done = 0;

	if (rnd(4) == 0)
		ring_cancel();
	while (io_uring_peek_cqe(&ring, &cqe) == 0) {
		io_uring_cqe_seen(&ring, cqe);
		in_ring--;
		done++;
	}
	return done;
}

static long set_irqs(void)
{
	static const uint32_t data[] = {
		VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL, VFIO_IRQ_SET_DATA_EVENTFD,
	};
	static const uint32_t action[] = {
		VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK, VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	struct vfio_irq_set *set = (void *)buffer;
	int32_t *fds = (int32_t *)set->data;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + (rnd(16) ? 4 * sizeof(*fds) : value(64)),
		.flags = rnd(16) ? data[rnd(3)] | action[rnd(4) ? 2 : rnd(3)] : value(64),
		.index = value(VFIO_PCI_NUM_IRQS), .start = rnd(4) ? 0 : value(4),
		.count = rnd(4) ? 1 : value(4),
	};
	for (int i = 0; i < 4; i++)
		fds[i] = rnd(4) ? events : rnd(2) ? -1 : any_irq();
	return ioctl(vfio.device, VFIO_DEVICE_SET_IRQS, rnd(32) ? (void *)set : any_memory());
}

static long device_info(void)
{
	static const unsigned long calls[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, VFIO_DEVICE_FEATURE, VFIO_DEVICE_IOEVENTFD,
		VFIO_DEVICE_PCI_HOT_RESET,
	};
	uint32_t *words = (uint32_t *)buffer;

	words[0] = rnd(8) ? 64 : value(64);
	for (int i = 1; i < 16; i++)
		words[i] = value(9);
	return ioctl(vfio.device, rnd(32) ? calls[rnd(ARRAY(calls))] : value(UINT32_MAX), buffer);
}

static long device_reset(void)
{
	return ioctl(vfio.device, VFIO_DEVICE_RESET);
}

/* The command register and what else is there, through VFIO. */
static long config(void)
{
	uint64_t at = region[VFIO_PCI_CONFIG_REGION_INDEX] + (rnd(2) ? 4 : rnd(CONFIG_SIZE));
	size_t len = rnd(8) ? 1u << rnd(3) : rnd(64);

	if (rnd(2))
		return pread(vfio.device, any_memory(), len, (off_t)at);
	*(uint32_t *)buffer = rnd(2) ? 0x0406 : value(0x800);
	return pwrite(vfio.device, any_memory(), len, (off_t)at);
}

static long registers(void)
{
	static const uint32_t offsets[] = { 0x60, 0x64, 0x24, 0x00, 0x04, 0x08, 0x20 };
	uint64_t at = region[rnd(16) ? VFIO_PCI_BAR0_REGION_INDEX : rnd(VFIO_PCI_NUM_REGIONS)];
	uint64_t offset = rnd(16) ? offsets[rnd(rnd(2) ? 2 : ARRAY(offsets))] : rnd(4096);

	/* QEMU ends itself when the edu is to copy more than its buffer holds. */
	at += offset == EDU_DMA_COMMAND ? 0 : offset;
	*(uint32_t *)buffer = rnd(2) ? 1 : value(256);
	if (rnd(4) == 0)
		return pread(vfio.device, any_memory(), 4, (off_t)at);
	return pwrite(vfio.device, any_memory(), 4, (off_t)at);
}

static long dma(void)
{
	return abuse_dma(&vfio, buffer);
}

/* Rare: everything of the device goes, but for interrupt descriptors. */
static long device_again(void)
{
	if (is_iommufd()) {
		vfio_close(&vfio);
		return vfio_open(&vfio, edu.bdf);
	}
	close(vfio.device);
	vfio.device = ioctl(vfio.group, VFIO_GROUP_GET_DEVICE_FD, edu.bdf);
	return vfio.device;
}

static long forked(void)
{
	int pid = fork();

	if (pid)
		return pid < 0 ? -1 : waitpid(pid, NULL, 0) == pid ? 0 : -1;
	for (int i = 0; i < 20; i++) {
		irq_fd();
		irq_read();
		irq_write();
		irq_close();
	}
	/* Some die with all they hold. */
	if (rnd(2))
		raise(SIGKILL);
	_exit(0);
}

static struct call {
	const char *name;
	long (*call)(void);
	unsigned int weight;	/* of 1000 or so */
	bool for_root;
	unsigned long done, good;
} calls[] = {
	{ "irq_fd", irq_fd, 150, false, 0, 0 },
	{ "line_file", line_file, 40, true, 0, 0 },
	{ "irq_close", irq_close, 80, false, 0, 0 },
	{ "irq_read", irq_read, 200, false, 0, 0 },
	{ "irq_write", irq_write, 120, false, 0, 0 },
	{ "irq_poll", irq_poll, 80, false, 0, 0 },
	{ "irq_odd", irq_odd, 40, false, 0, 0 },
	{ "ring_submit", ring_submit, 40, false, 0, 0 },
	{ "ring_reap", ring_reap, 30, false, 0, 0 },
	{ "set_irqs", set_irqs, 60, false, 0, 0 },
	{ "device_info", device_info, 30, false, 0, 0 },
	{ "device_reset", device_reset, 1, false, 0, 0 },
	{ "config", config, 80, false, 0, 0 },
	{ "registers", registers, 200, false, 0, 0 },
	{ "dma", dma, 30, false, 0, 0 },
	{ "device_again", device_again, 2, false, 0, 0 },
	{ "forked", forked, 1, false, 0, 0 },
};

/* ---- the run ------------------------------------------------------------------- */

static struct call *next_call(void)
{
	unsigned int sum = 0, at;

	for (size_t i = 0; i < ARRAY(calls); i++)
		sum += calls[i].weight;
	at = rnd(sum);
	for (size_t i = 0; i < ARRAY(calls); i++) {
		if (at < calls[i].weight)
			return &calls[i];
		at -= calls[i].weight;
	}
	return &calls[0];
}

static void tick(int signum)
{
}

/*
 * Linux 6.12 takes it for a BAR in front of the first and writes there, for anybody
 * who has the device: so udrv.ko refuses the call.  Found by this program.
 */
static void ioeventfd_is_refused(void)
{
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req), .flags = VFIO_DEVICE_IOEVENTFD_8,
		.offset = 0xfffffffe00000006ULL, .data = 1, .fd = events,
	};

	if (ioctl(vfio.device, VFIO_DEVICE_IOEVENTFD, &req) == 0 || errno != ENOTTY)
		die("VFIO_DEVICE_IOEVENTFD is not refused");
}

static void prepare(const char *bdf, const char *uid)
{
	struct sigaction action = { .sa_handler = tick };	/* no SA_RESTART */
	struct itimerval every = { { 0, TICK_US }, { 0, TICK_US } };
	struct vfio_region_info info = { .argsz = sizeof(info) };

	edu_open(&edu, bdf);
	if (vfio_open(&vfio, bdf))
		die(bdf);
	for (info.index = 0; info.index < VFIO_PCI_NUM_REGIONS; info.index++)
		if (!ioctl(vfio.device, VFIO_DEVICE_GET_REGION_INFO, &info))
			region[info.index] = info.offset;
	buffer = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	readonly = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	events = eventfd(0, EFD_NONBLOCK);
	if (buffer == MAP_FAILED || readonly == MAP_FAILED || events < 0 ||
	    io_uring_queue_init(16, &ring, 0))
		die("prepare");
	ioeventfd_is_refused();
	root = !uid;
	/* Only root may open the device's node; a group's descriptor is enough for others. */
	for (size_t i = 0; i < ARRAY(calls); i++)
		if (calls[i].call == device_again)
			calls[i].for_root = is_iommufd();
	if (uid && (setgroups(0, NULL) || setgid((gid_t)atoi(uid)) || setuid((uid_t)atoi(uid))))
		die("setuid");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/* What SET_IRQS has left, where the device cannot be opened anew. */
static void irqs_off(void)
{
	for (uint32_t i = VFIO_PCI_INTX_IRQ_INDEX; i <= VFIO_PCI_MSI_IRQ_INDEX; i++)
		vfio_set_irqs(&vfio, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, i, 0, NULL);
}

/* So many descriptors come and go that a leak is more than the kernel's own noise. */
static int churn(void)
{
	int opened = 0, first = -EBUSY;

	irq_close();
	ring_cancel();
	if (root || !is_iommufd())
		device_again();
	else
		irqs_off();
	/* What the ring had holds the interrupt until the kernel has let go of it. */
	for (int i = 0; first == -EBUSY && i < 1000; i++) {
		first = vfio_irq_fd(&vfio, 0);
		sleep_ms(first == -EBUSY ? 2 : 0);
	}
	close(first);
	for (int i = 0; i < CHURN; i++) {
		int fd = i % 2 && root ? line_open(&edu, O_RDONLY) : vfio_irq_fd(&vfio, 0);

		opened += fd >= 0;
		close(fd);
	}
	printf("# %d descriptors of %d came and went\n", opened, CHURN);
	return opened == CHURN ? 0 : 1;
}

static int report(unsigned long n)
{
	int bad = 0;

	for (size_t i = 0; i < ARRAY(calls); i++) {
		struct call *c = &calls[i];
		bool idle = !c->good && c->call != device_reset && (root || !c->for_root);

		printf("# %-14s %8lu calls, %8lu succeeded\n", c->name, c->done, c->good);
		if (idle && n >= 10000)
			bad++;
	}
	if (bad)
		printf("# %d kinds of calls never succeeded: this was no test\n", bad);
	return bad ? 1 : 0;
}

int main(int argc, char *argv[])
{
	unsigned long n;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: abusefuzz CALLS SEED BDF [UID]\n");
		return 100;
	}
	n = strtoul(argv[1], NULL, 10);
	seed = strtoull(argv[2], NULL, 10) * 2 + 1;
	prepare(argv[3], argc > 4 ? argv[4] : NULL);
	for (unsigned long i = 0; i < n;) {
		struct call *c = next_call();

		if (c->for_root && !root)
			continue;
		i++;
		c->done++;
		c->good += c->call() >= 0;
	}
	/* The rest is left to the process's end. */
	return report(n) | churn();
}
