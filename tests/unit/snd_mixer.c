// SPDX-License-Identifier: MIT
/* Controls in a shared page: what the driver is told, whatever stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../libudrv/snd/snd_internal.h"

static int page_fd;
static struct udrv_snd_mixer *page;	/* udrvd's view of it */
static int32_t told[UDRV_SND_CONTROLS][2];
static int calls, answer;

/* ---- what mixer.c needs of the library ------------------------------------------ */

int udrv_fd(const struct udrv_dev *dev, const char *name)
{
	return !strcmp(name, "mixer") ? page_fd : -ENOENT;
}

int udrv_snd_memfd_check(struct udrv_dev *dev, int fd, const char *name, size_t *len)
{
	*len = UDRV_SND_PAGE_SIZE;
	return 0;
}

void udrv_log(const struct udrv_dev *dev, enum udrv_level lvl, const char *fmt, ...)
{
}

/* ---- a driver --------------------------------------------------------------------- */

static const struct udrv_snd_control list[] = {
	{ .name = "Master Playback Volume", .channels = 2, .max = 31, .initial = 31 },
	{ .name = "Master Playback Switch", .type = UDRV_SND_SWITCH, .channels = 1, .max = 1,
	  .initial = 1 },
	{ .name = "Capture Volume", .channels = 2, .min = -5, .max = 5, .initial = 0 },
};

static int set_it(struct udrv_dev *dev, unsigned int control, const int32_t value[2])
{
	memcpy(told[control], value, sizeof(told[control]));
	calls++;
	return answer;
}

static const struct udrv_snd_ops ops = { .set = set_it };

static void is_told(unsigned int control, int32_t left, int32_t right)
{
	assert_int_equal(told[control][0], left);
	assert_int_equal(told[control][1], right);
}

static int setup(void **state)
{
	page_fd = memfd_create("mixer", 0);
	assert_int_equal(ftruncate(page_fd, UDRV_SND_PAGE_SIZE), 0);
	page = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	memset(told, 0x55, sizeof(told));
	calls = answer = 0;
	return 0;
}

static int teardown(void **state)
{
	munmap(page, UDRV_SND_PAGE_SIZE);
	return page_fd < 0 ? 0 : close(page_fd);
}

static void the_first_driver(void **state)
{
	struct udrv_snd snd = { 0 };

	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	assert_int_equal(page->magic, UDRV_SND_MAGIC);
	assert_int_equal(page->n, 3);
	assert_string_equal(page->control[2].name, "Capture Volume");
	assert_int_equal(page->value[0][1], 31);
	assert_int_equal(calls, 3);
	is_told(0, 31, 31);
	is_told(1, 1, 1);
	is_told(2, 0, 0);
	udrv_snd_mixer_look(&snd);
	assert_int_equal(calls, 3);		/* nothing is new */
	page->value[0][1] = 7;
	udrv_snd_mixer_look(&snd);
	assert_int_equal(calls, 4);
	is_told(0, 31, 7);
	udrv_snd_mixer_stop(&snd);
}

static void values_of_nonsense(void **state)
{
	struct udrv_snd snd = { 0 };

	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	page->value[0][0] = INT32_MIN;
	page->value[0][1] = INT32_MAX;
	page->value[1][0] = 77;
	page->value[1][1] = -1;			/* there is no right one */
	page->value[2][0] = -6;
	page->value[2][1] = 6;
	page->n = UINT32_MAX;
	page->control[0].max = INT32_MAX;	/* the driver knows better */
	udrv_snd_mixer_look(&snd);
	is_told(0, 0, 31);
	is_told(1, 1, 1);
	is_told(2, -5, 5);
	udrv_snd_mixer_stop(&snd);
}

static void the_next_driver(void **state)
{
	struct udrv_snd_control other[3];
	struct udrv_snd snd = { 0 };

	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	page->value[0][0] = 3;
	page->value[2][0] = 4;
	udrv_snd_mixer_stop(&snd);
	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	is_told(0, 3, 31);
	is_told(2, 4, 0);
	udrv_snd_mixer_stop(&snd);
	/* One that has other controls: what is the same stays. */
	memcpy(other, list, sizeof(other));
	other[2].max = 100;
	other[2].initial = 50;
	page->value[1][0] = 0;
	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, other, 3), 0);
	is_told(0, 3, 31);
	is_told(1, 0, 0);
	is_told(2, 50, 50);
	assert_int_equal(page->control[2].max, 100);
	udrv_snd_mixer_stop(&snd);
}

static void nobody_turns_knobs(void **state)
{
	struct udrv_snd snd = { 0 };

	close(page_fd);
	page_fd = -1;
	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	is_told(0, 31, 31);
	udrv_snd_mixer_look(&snd);
	assert_int_equal(calls, 3);
	udrv_snd_mixer_stop(&snd);
}

static void a_chip_that_refuses(void **state)
{
	struct udrv_snd snd = { 0 };

	answer = -EIO;
	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, 3), 0);
	udrv_snd_mixer_look(&snd);
	assert_int_equal(calls, 3);		/* it is not asked for ever */
	udrv_snd_mixer_stop(&snd);
	assert_int_equal(udrv_snd_mixer_start(&snd, NULL, &ops, list, UDRV_SND_CONTROLS + 1),
			 -E2BIG);
	udrv_snd_mixer_stop(&snd);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_driver), TEST(values_of_nonsense), TEST(the_next_driver),
		TEST(nobody_turns_knobs), TEST(a_chip_that_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("snd_mixer", tests, NULL, NULL);
}
