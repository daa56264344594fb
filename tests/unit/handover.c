// SPDX-License-Identifier: MIT
/* A running device handed over and taken over; and all that leads to a reset instead. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/src/internal.h"

static const char left_behind[] = "rings at 7 and 9";
static int to_write, to_return;		/* what the driver's functions give */
static char seen[64];
static size_t seen_len;

static int start(struct udrv_dev *dev)
{
	return 0;
}

static void stop(struct udrv_dev *dev)
{
}

static int handover(struct udrv_dev *dev, void *state, size_t size)
{
	assert_true(size >= 4000);
	if (to_write > 0)
		memcpy(state, left_behind, sizeof(left_behind));
	return to_write;
}

static int adopt(struct udrv_dev *dev, const void *state, size_t len)
{
	seen_len = len;
	memcpy(seen, state, len < sizeof(seen) ? len : sizeof(seen));
	return to_return;
}

static const struct udrv_driver drv = {
	.name = "test", .start = start, .stop = stop,
	.layout = "test-1", .handover = handover, .adopt = adopt,
};
static struct udrv_driver other;

/* Two processes: the second sees what the first one left. */
static struct udrv_dev old, heir;
static uint64_t page[UDRV_HANDOVER_SIZE / 8];

static int setup(void **state)
{
	memset(page, 0, sizeof(page));
	memset(&old, 0, sizeof(old));
	old.drv = &drv;
	old.state = UDRV_DEV_STARTED;
	old.handover = (struct udrv_handover *)page;
	old.notify.fd = -1;
	heir = old;
	heir.state = UDRV_DEV_OPEN;
	to_write = sizeof(left_behind);
	to_return = 0;
	seen_len = 0;
	return 0;
}

static void goes_over(void **state)
{
	assert_int_equal(udrv_hand_over(&old), 0);
	assert_int_equal(old.state, UDRV_DEV_HANDED_OVER);
	assert_int_equal(udrv_adopt(&heir), 0);
	assert_int_equal(heir.state, UDRV_DEV_STARTED);
	assert_int_equal(seen_len, sizeof(left_behind));
	assert_string_equal(seen, left_behind);
	/* Once: a driver that came after the heir's death would be misled. */
	heir.state = UDRV_DEV_OPEN;
	assert_int_equal(udrv_adopt(&heir), -EPROTO);
}

/* It goes on, or ends as it always could. */
static void stays_its_own(void **state)
{
	to_write = -EIO;
	assert_int_equal(udrv_hand_over(&old), -EIO);
	assert_int_equal(old.state, UDRV_DEV_STARTED);
	to_write = sizeof(left_behind);
	old.arena.va = page;			/* memory that only it has mapped */
	assert_int_equal(udrv_hand_over(&old), -ENOTSUP);
	old.arena_kept = true;
	assert_int_equal(udrv_hand_over(&old), 0);
	setup(state);
	old.handover = NULL;
	assert_int_equal(udrv_hand_over(&old), -ENOTSUP);
	setup(state);
	old.state = UDRV_DEV_STOPPED;
	assert_int_equal(udrv_hand_over(&old), -ENOTSUP);
	setup(state);
	other = drv;
	other.layout = "a name that is too long for its place";
	old.drv = &other;
	assert_int_equal(udrv_hand_over(&old), -ENOTSUP);
}

static void refused(void)
{
	assert_int_equal(udrv_adopt(&heir), -EPROTO);
	assert_int_equal(seen_len, 0);
	assert_int_equal(heir.state, UDRV_DEV_OPEN);
	setup(NULL);
	assert_int_equal(udrv_hand_over(&old), 0);
}

static void does_not_fit(void **state)
{
	struct udrv_handover *h = old.handover;

	refused();				/* nothing there */
	h->state[3] ^= 1;
	refused();
	h->layout[0] ^= 1;
	refused();
	h->magic = 0;
	refused();
	h->len = UDRV_HANDOVER_STATE + 1;
	refused();
	h->len = UINT32_MAX;
	refused();
	other = drv;
	other.layout = "test-2";
	heir.drv = &other;
	refused();
	other = drv;
	other.adopt = NULL;
	heir.drv = &other;
	refused();
	heir.handover = NULL;
	refused();
}

static void the_heir_cannot(void **state)
{
	assert_int_equal(udrv_hand_over(&old), 0);
	to_return = -ESTALE;
	assert_int_equal(udrv_adopt(&heir), -ESTALE);
	assert_int_equal(heir.state, UDRV_DEV_OPEN);
	to_return = 0;
	assert_int_equal(udrv_adopt(&heir), -EPROTO);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(goes_over), T(stays_its_own), T(does_not_fit), T(the_heir_cannot),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
