// SPDX-License-Identifier: MIT
/*
 * Who owns an interrupt: the line's file, the descriptor of one device on it,
 * or VFIO's own INTx exclude each other; two devices on one line stay apart;
 * and VFIO's INTx by eventfd works as on vfio-pci.
 *
 *	irqown BDF BDF		two edu devices on one line, bound to udrv
 *	irqown --stock BDF	the eventfd tests alone, on udrv or vfio-pci
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "irqlib.h"

static struct edu one, two;
static struct vfio v1 = { -1, -1, -1, 0 }, v2 = { -1, -1, -1, 0 };
static int fd1 = -1, fd2 = -1;		/* what a test opens; closed after it */

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int setup(void **state)
{
	edu_ack(&one);
	if (two.regs)
		edu_ack(&two);
	assert_int_equal(vfio_open(&v1, one.bdf), 0);
	if (two.regs)
		assert_int_equal(vfio_open(&v2, two.bdf), 0);
	return 0;
}

static int teardown(void **state)
{
	edu_ack(&one);
	if (two.regs)
		edu_ack(&two);
	drop(&fd1);
	drop(&fd2);
	vfio_close(&v1);
	vfio_close(&v2);
	return 0;
}

/* ---- two devices on one line --------------------------------------------------- */

static void each_device_gets_its_own(void **state)
{
	fd1 = vfio_irq_fd(&v1, O_NONBLOCK);
	fd2 = vfio_irq_fd(&v2, O_NONBLOCK);
	assert_true(fd1 >= 0 && fd2 >= 0);
	while (get_count(fd1) > 0 || get_count(fd2) > 0)
		;
	for (int i = 0; i < 100; i++) {
		bool first = i % 3;

		assert_false(readable(fd1, 0) || readable(fd2, 0));
		edu_raise(first ? &one : &two);
		assert_true(readable(first ? fd1 : fd2, 2000));
		assert_int_equal(get_count(first ? fd2 : fd1), -EAGAIN);
		edu_ack(first ? &one : &two);
		assert_int_equal(get_count(first ? fd1 : fd2), 1);
	}
	/* Both at once. */
	edu_raise(&one);
	edu_raise(&two);
	assert_true(readable(fd1, 2000) && readable(fd2, 2000));
	edu_ack(&one);
	edu_ack(&two);
	assert_int_equal(get_count(fd1), 1);
	assert_int_equal(get_count(fd2), 1);
	drop(&fd1);
	drop(&fd2);
}

/* One that never serves its device does not hold up the other, nor storm. */
static void an_unserved_neighbour_does_not_matter(void **state)
{
	unsigned long before = line_interrupts(one.irq);

	fd1 = vfio_irq_fd(&v1, 0);
	fd2 = vfio_irq_fd(&v2, 0);
	assert_true(fd1 >= 0 && fd2 >= 0);
	edu_raise(&two);
	for (int i = 0; i < 100; i++) {
		/* Re-arm first, or reading finds it without an interrupt. */
		assert_false(readable(fd1, 0));
		edu_raise(&one);
		assert_true(readable(fd1, 2000));
		edu_ack(&one);
		assert_int_equal(get_count(fd1), 1);
	}
	assert_int_equal(get_count(fd2), 1);
	assert_in_range(line_interrupts(one.irq) - before, 100, 250);
	drop(&fd1);
	drop(&fd2);
}

static void the_line_gets_both(void **state)
{
	fd1 = line_open(&one, O_RDWR | O_NONBLOCK);
	assert_true(fd1 >= 0);
	while (get_count(fd1) > 0)
		;
	for (int i = 0; i < 20; i++) {
		struct edu *edu = i % 2 ? &one : &two;

		edu_raise(edu);
		assert_true(readable(fd1, 2000));
		edu_ack(edu);
		assert_int_equal(get_count(fd1), 1);
	}
	/* Both asserted: however they come, none is lost. */
	assert_int_equal(put(fd1, 0), 0);
	edu_raise(&one);
	edu_raise(&two);
	assert_false(readable(fd1, 20));
	assert_int_equal(put(fd1, 1), 0);
	assert_true(readable(fd1, 2000));
	assert_int_equal(get_count(fd1), 2);
	drop(&fd1);
}

/* ---- who excludes whom ------------------------------------------------------------ */

static void line_excludes_devices(void **state)
{
	fd1 = line_open(&one, O_RDWR);
	assert_true(fd1 >= 0);
	assert_int_equal(vfio_irq_fd(&v1, 0), -EBUSY);
	assert_int_equal(vfio_irq_fd(&v2, 0), -EBUSY);
	drop(&fd1);
	fd1 = vfio_irq_fd(&v1, 0);
	assert_true(fd1 >= 0);
	drop(&fd1);
}

static void device_excludes_line_but_not_neighbour(void **state)
{
	fd1 = vfio_irq_fd(&v1, 0);
	assert_true(fd1 >= 0);
	assert_int_equal(line_open(&one, O_RDWR), -EBUSY);
	assert_int_equal(vfio_irq_fd(&v1, 0), -EBUSY);
	fd2 = vfio_irq_fd(&v2, 0);
	assert_true(fd2 >= 0);
	drop(&fd1);
	assert_int_equal(line_open(&one, O_RDWR), -EBUSY);
	drop(&fd2);
	fd1 = line_open(&one, O_RDWR);
	assert_true(fd1 >= 0);
	drop(&fd1);
}

static void vfio_is_refused(int owner)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	static const uint32_t indexes[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
	};

	fd1 = owner;
	assert_true(owner >= 0 && event >= 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(vfio_eventfd(&v1, indexes[i], event), -EBUSY);
	assert_int_equal(vfio_set_irqs(&v1, VFIO_IRQ_SET_DATA_NONE |
			 VFIO_IRQ_SET_ACTION_UNMASK, VFIO_PCI_INTX_IRQ_INDEX, 1, NULL), -EBUSY);
	/* "Please give it back" is another interrupt. */
	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_REQ_IRQ_INDEX, event), 0);
	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_REQ_IRQ_INDEX, -1), 0);
	/* And the owner has lost nothing. */
	edu_raise(&one);
	assert_true(readable(owner, 2000));
	drop(&fd1);
	edu_ack(&one);
	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	close(event);
}

static void vfio_is_refused_while_the_line_is_open(void **state)
{
	vfio_is_refused(line_open(&one, O_RDWR));
}

static void vfio_is_refused_while_the_device_is_open(void **state)
{
	vfio_is_refused(vfio_irq_fd(&v1, 0));
}

/* An eventfd of -1 takes the eventfd away, not the interrupt. */
static int vfio_intx_off(void)
{
	return vfio_set_irqs(&v1, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
			     VFIO_PCI_INTX_IRQ_INDEX, 0, NULL);
}

static void vfio_excludes_us(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	assert_int_equal(line_open(&one, O_RDWR), -EBUSY);
	assert_int_equal(vfio_irq_fd(&v1, 0), -EBUSY);
	fd1 = vfio_irq_fd(&v2, 0);
	assert_true(fd1 >= 0);
	drop(&fd1);
	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, -1), 0);
	assert_int_equal(line_open(&one, O_RDWR), -EBUSY);
	assert_int_equal(vfio_intx_off(), 0);
	fd1 = line_open(&one, O_RDWR);
	assert_true(fd1 >= 0);
	edu_raise(&one);
	assert_int_equal(get_count(fd1), 1);
	drop(&fd1);
	/* And also when it ends without saying so. */
	edu_ack(&one);
	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	vfio_close(&v1);
	fd1 = line_open(&one, O_RDWR);
	assert_true(fd1 >= 0);
	edu_raise(&one);
	assert_int_equal(get_count(fd1), 1);
	drop(&fd1);
	close(event);
}

static void bad_arguments_are_refused(void **state)
{
	const struct udrv_irq_fd good = { .argsz = sizeof(good) };
	struct {
		struct udrv_irq_fd req;
		int err;
	} bad[] = {
		{ { .argsz = 0 }, EINVAL },
		{ { .argsz = sizeof(good) - 1 }, EINVAL },
		{ { .argsz = sizeof(good), .flags = O_RDWR }, EINVAL },
		{ { .argsz = sizeof(good), .flags = O_SYNC }, EINVAL },
		{ { .argsz = sizeof(good), .flags = 1u << 31 }, EINVAL },
		{ { .argsz = sizeof(good), .vector = 1 }, EINVAL },
		{ { .argsz = sizeof(good), .index = VFIO_PCI_ERR_IRQ_INDEX }, EINVAL },
		{ { .argsz = sizeof(good), .index = 0xffffffff }, EINVAL },
	};
	struct udrv_irq_fd longer = { .argsz = 4096 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_int_equal(ioctl(v1.device, UDRV_IOCTL_IRQ_FD, &bad[i].req), -1);
		assert_int_equal(errno, bad[i].err);
	}
	assert_int_equal(ioctl(v1.device, UDRV_IOCTL_IRQ_FD, 64), -1);
	assert_int_equal(errno, EFAULT);
	/* A later version of the structure, whose new fields we do not know. */
	fd1 = ioctl(v1.device, UDRV_IOCTL_IRQ_FD, &longer);
	assert_true(fd1 >= 0);
	drop(&fd1);
}

/* Its descriptor ends with itself, not with the VFIO device it came from. */
static void a_descriptor_outlives_its_vfio_device(void **state)
{
	fd1 = vfio_irq_fd(&v1, 0);
	assert_true(fd1 >= 0);
	vfio_close(&v1);
	edu_raise(&one);
	assert_true(readable(fd1, 2000));
	edu_ack(&one);
	assert_int_equal(get_count(fd1), 1);
	assert_int_equal(vfio_open(&v1, one.bdf), 0);
	edu_raise(&one);
	assert_int_equal(get_count(fd1), 1);
	drop(&fd1);
}

/* ---- the command register ---------------------------------------------------------- */

static uint64_t config_offset(struct vfio *v)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	assert_int_equal(ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	return info.offset;
}

struct hammer {
	uint64_t config;
	volatile bool stop;
};

/* A driver may write the command register while another thread of it reads. */
static void *hammer(void *data)
{
	struct hammer *h = data;
	uint16_t command = 0x2;

	while (!h->stop)
		if (pwrite(v1.device, &command, 2, (off_t)h->config + 4) != 2)
			break;
	return NULL;
}

static void config_writes_lose_no_interrupt(void **state)
{
	struct hammer h = { .config = config_offset(&v1) };
	unsigned long before = line_interrupts(one.irq);
	int lost = 0;
	pthread_t thread;

	fd1 = vfio_irq_fd(&v1, O_NONBLOCK);
	assert_true(fd1 >= 0);
	assert_int_equal(pthread_create(&thread, NULL, hammer, &h), 0);
	for (int i = 0; i < 3000 && !lost; i++) {
		struct pollfd pfd = { .fd = fd1, .events = POLLIN };

		poll(&pfd, 1, 0);	/* re-arms, before the interrupt */
		edu_raise(&one);
		/* Without another poll(), which would re-arm. */
		while (lost < 2 && poll(&pfd, 1, slow_ms(10000)) != 1)
			lost++;
		edu_ack(&one);
		get_count(fd1);
	}
	h.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(lost, 0);
	assert_in_range(line_interrupts(one.irq) - before, 1, 30000);
	drop(&fd1);
}

/* ---- INTx by eventfd, as any VFIO program has it ---------------------------------------- */

static bool signalled(int event, int ms)
{
	struct pollfd pfd = { .fd = event, .events = POLLIN };
	uint64_t value;

	return poll(&pfd, 1, slow_ms(ms)) == 1 && read(event, &value, sizeof(value)) == sizeof(value);
}

static int unmask(void)
{
	return vfio_set_irqs(&v1, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
			     VFIO_PCI_INTX_IRQ_INDEX, 1, NULL);
}

static void stock_eventfd_works(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	for (int i = 0; i < 200; i++) {
		edu_raise(&one);
		assert_true(signalled(event, 2000));
		edu_ack(&one);
		assert_int_equal(unmask(), 0);
	}
	/* Unmasked while it asserts still: signalled again. */
	edu_raise(&one);
	assert_true(signalled(event, 2000));
	assert_int_equal(unmask(), 0);
	assert_true(signalled(event, 2000));
	close(event);
}

/* Asserted before VFIO is asked for the interrupt: not lost to our guard. */
static void stock_asserted_before_is_signalled(void **state)
{
	for (int i = 0; i < 50; i++) {
		int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		edu_raise(&one);
		sleep_ms(i % 3);
		assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
		assert_true(signalled(event, 2000));
		edu_ack(&one);
		assert_int_equal(unmask(), 0);
		edu_raise(&one);
		assert_true(signalled(event, 2000));
		edu_ack(&one);
		assert_int_equal(vfio_intx_off(), 0);
		close(event);
	}
}

/* Disconnected, or closed, with the interrupt asserted: no storm. */
static void stock_leaves_no_storm(void **state)
{
	unsigned long before = line_interrupts(one.irq);

	for (int i = 0; i < 20; i++) {
		int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		assert_int_equal(vfio_eventfd(&v1, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
		assert_int_equal(unmask(), 0);
		if (i % 2)
			assert_int_equal(vfio_intx_off(), 0);
		edu_raise(&one);
		if (!(i % 2))
			assert_int_equal(vfio_intx_off(), 0);
		vfio_close(&v1);
		close(event);
		assert_int_equal(vfio_open(&v1, one.bdf), 0);
		edu_ack(&one);
	}
	assert_in_range(line_interrupts(one.irq) - before, 1, 1500);
}

#define TEST(f) { #f, f, setup, teardown, NULL }

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(each_device_gets_its_own), TEST(an_unserved_neighbour_does_not_matter),
		TEST(the_line_gets_both), TEST(line_excludes_devices),
		TEST(device_excludes_line_but_not_neighbour),
		TEST(vfio_is_refused_while_the_line_is_open),
		TEST(vfio_is_refused_while_the_device_is_open),
		TEST(vfio_excludes_us), TEST(bad_arguments_are_refused),
		TEST(a_descriptor_outlives_its_vfio_device),
		TEST(config_writes_lose_no_interrupt),
	};
	const struct CMUnitTest stock[] = {
		TEST(stock_eventfd_works), TEST(stock_asserted_before_is_signalled),
		TEST(stock_leaves_no_storm),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: irqown BDF BDF | irqown --stock BDF\n");
		return 100;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!strcmp(argv[1], "--stock")) {
		edu_open(&one, argv[2]);
		return cmocka_run_group_tests(stock, NULL, NULL) ? 1 : 0;
	}
	edu_open(&one, argv[1]);
	edu_open(&two, argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
