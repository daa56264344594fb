// SPDX-License-Identifier: MIT
/*
 * Waits for an interrupt of a device that is pulled out meanwhile.
 *
 *	irqunplug BDF WAY	an edu bound to udrv; prints "waits" once it does
 *
 * Exit status 0 when the end is told as docs/irq.md says; otherwise it says what
 * was seen instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>

#include "irqlib.h"

enum {
	PATIENCE_S = 60,
	/* How long an open device holds the removal up, which must not mind. */
	HOLD_MS = 300,
};

static struct edu edu;
static struct vfio v;

/* A descriptor of the device, which stays open (v), or does not. */
static int device_irq(uint32_t index, bool keep)
{
	struct udrv_irq_fd req = { .argsz = sizeof(req), .index = index };
	int fd;

	assert_int_equal(vfio_open(&v, edu.bdf), 0);
	fd = ioctl(v.device, UDRV_IOCTL_IRQ_FD, &req);
	assert_true(fd >= 0);
	if (!keep)
		vfio_close(&v);
	return fd;
}

static int waits(int fd)
{
	printf("waits\n");
	fflush(stdout);
	return fd;
}

static int by_read(void)
{
	return get_count(waits(line_open(&edu, O_RDONLY)));
}

static int by_select(void)
{
	int fd = waits(line_open(&edu, O_RDONLY | O_NONBLOCK));
	struct timeval tv = { PATIENCE_S, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	if (select(fd + 1, &set, NULL, NULL, &tv) != 1)
		return -ETIME;
	return get_count(fd);
}

static int by_uring(void)
{
	struct __kernel_timespec ts = { PATIENCE_S, 0 };
	int fd = line_open(&edu, O_RDONLY), ret;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	uint32_t count;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	io_uring_prep_read(io_uring_get_sqe(&ring), fd, &count, sizeof(count), 0);
	io_uring_submit(&ring);
	waits(fd);
	ret = io_uring_wait_cqe_timeout(&ring, &cqe, &ts);
	return ret ? ret : cqe->res;
}

static int by_intx(void)
{
	return get_count(waits(device_irq(VFIO_PCI_INTX_IRQ_INDEX, false)));
}

static int by_msi(void)
{
	return get_count(waits(device_irq(VFIO_PCI_MSI_IRQ_INDEX, false)));
}

/* The VFIO device is open, and its registers are mapped: the reader is told at
 * once, the registers answer until he lets go, and only then the device goes. */
static int by_mapping(void)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = 0 };
	int fd = device_irq(VFIO_PCI_MSI_IRQ_INDEX, true), ret;
	volatile uint32_t *regs;

	assert_int_equal(ioctl(v.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, v.device,
		    (off_t)info.offset);
	assert_ptr_not_equal(regs, MAP_FAILED);
	ret = get_count(waits(fd));
	sleep_ms(HOLD_MS);
	if ((regs[0] & 0xffff) != 0x00ed)	/* edu.rst: identification */
		return -ENXIO;
	/* The mapping alone holds the device, too. */
	vfio_close(&v);
	sleep_ms(HOLD_MS);
	if ((regs[0] & 0xffff) != 0x00ed)
		return -ENXIO;
	munmap((void *)regs, 4096);
	return ret;
}

/* Nobody pulls: is an interrupt served? */
static int by_nothing(void)
{
	int fd = line_open(&edu, O_RDONLY), count;

	edu_raise(&edu);
	count = get_count(fd);
	edu_ack(&edu);
	close(fd);
	return count == 1 ? -ENODEV : -ERANGE;
}

static const struct {
	const char *name;
	int (*wait)(void);
} ways[] = {
	{ "read", by_read }, { "select", by_select }, { "io_uring", by_uring },
	{ "intx", by_intx }, { "msi", by_msi }, { "mapping", by_mapping },
	{ "nothing", by_nothing },
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc == 3 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		int ret;

		if (strcmp(argv[2], ways[i].name) != 0)
			continue;
		edu_open(&edu, argv[1]);
		ret = ways[i].wait();
		if (ret == -ENODEV || ret == -EIO)
			return 0;
		printf("the wait ended with %d (%s)\n", ret, strerror(-ret));
		return 1;
	}
	fprintf(stderr, "usage: irqunplug BDF read|select|io_uring|intx|msi|mapping|nothing\n");
	return 100;
}
