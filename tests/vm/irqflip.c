// SPDX-License-Identifier: MIT
/*
 * The owner of a VFIO device changes his request while the kernel reads it: the
 * module sees one thing, and VFIO, which reads it again, another.  Whatever he
 * gets for it, the line's other devices must not notice.
 *
 *	irqflip BDF		an edu device that is bound to udrv
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "irqlib.h"

enum {
	TRIES = 300,		/* of which some dozens hit the moment */
	FLIPS = 40,		/* requests in one try */
	STORM = 1000,		/* interrupts in 20 ms: one is right, 16 may pass */
};

static struct edu edu;
static struct vfio v = { -1, -1, -1, 0 };
static int event = -1;

static struct {
	struct vfio_irq_set set;	/* what both of them read */
	struct vfio_irq_set lie;
	atomic_bool stop;
} flip;

static const struct vfio_irq_set take_away = {
	.argsz = sizeof(struct vfio_irq_set), .index = VFIO_PCI_INTX_IRQ_INDEX,
	.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
};

static int setup(void **state)
{
	edu_ack(&edu);
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return vfio_open(&v, edu.bdf);
}

static int teardown(void **state)
{
	edu_ack(&edu);
	vfio_close(&v);
	close(event);
	return 0;
}

static void *flipper(void *data)
{
	volatile struct vfio_irq_set *set = &flip.set;

	while (!flip.stop) {
		set->flags = flip.lie.flags;
		set->index = flip.lie.index;
		set->count = flip.lie.count;
		set->flags = take_away.flags;
		set->index = take_away.index;
		set->count = take_away.count;
	}
	return NULL;
}

static bool vfio_has_it(void)
{
	return vfio_set_irqs(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
			     VFIO_PCI_INTX_IRQ_INDEX, 1, NULL) == 0;
}

/* One try: until VFIO has given it up, perhaps without the module's knowledge. */
static bool try_to_fool(void)
{
	if (vfio_eventfd(&v, VFIO_PCI_INTX_IRQ_INDEX, event) && !vfio_has_it())
		return false;
	/* No further request once it succeeded: it would put things right. */
	for (int i = 0; i < FLIPS; i++)
		if (!ioctl(v.device, VFIO_DEVICE_SET_IRQS, &flip.set) && !vfio_has_it())
			return true;
	return false;
}

static void fool_with(uint32_t flags, uint32_t index, uint32_t count)
{
	unsigned long before, storm, worst = 0;
	pthread_t thread;
	int given_up = 0;

	flip.lie = flip.set = take_away;
	flip.lie.flags = flags;
	flip.lie.index = index;
	flip.lie.count = count;
	flip.stop = false;
	assert_int_equal(pthread_create(&thread, NULL, flipper, NULL), 0);
	for (int i = 0; i < TRIES && worst < STORM; i++) {
		given_up += try_to_fool();
		before = line_interrupts(edu.irq);
		edu_raise(&edu);
		sleep_ms(20);
		storm = line_interrupts(edu.irq) - before;
		worst = storm > worst ? storm : worst;
		edu_ack(&edu);
	}
	flip.stop = true;
	pthread_join(thread, NULL);
	print_message("# given up %d times of %d, at worst %lu interrupts\n",
		      given_up, TRIES, worst);
	assert_in_range(given_up, 1, TRIES);
	assert_in_range(worst, 0, STORM - 1);
}

static void taken_away_as_an_unmask(void **state)
{
	fool_with(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		  VFIO_PCI_INTX_IRQ_INDEX, 1);
}

static void taken_away_as_another_interrupt(void **state)
{
	fool_with(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		  VFIO_PCI_REQ_IRQ_INDEX, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char *argv[])
{
	static const struct CMUnitTest tests[] = {
		TEST(taken_away_as_an_unmask),
		TEST(taken_away_as_another_interrupt),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s BDF (an edu device bound to udrv)\n", argv[0]);
		return 100;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	edu_open(&edu, argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
