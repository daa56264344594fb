// SPDX-License-Identifier: MIT
/* The allocator of address pieces, against a bitmap that knows the truth. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/src/internal.h"

static void takes_lowest_that_fits(void **state)
{
	struct udrv_iova a;
	uint64_t at;

	udrv_iova_init(&a);
	assert_int_equal(udrv_iova_add(&a, 0x1000, 0x1fff), 0);
	assert_int_equal(udrv_iova_add(&a, 0x4000, 0xffff), 0);
	assert_int_equal(udrv_iova_alloc(&a, 0x2000, 0x1000, UINT64_MAX, &at), 0);
	assert_int_equal(at, 0x4000);
	assert_int_equal(udrv_iova_alloc(&a, 0x1000, 0x1000, UINT64_MAX, &at), 0);
	assert_int_equal(at, 0x1000);
}

static void keeps_alignment_and_limit(void **state)
{
	struct udrv_iova a;
	uint64_t at = 7;

	udrv_iova_init(&a);
	udrv_iova_add(&a, 0x1800, 0xfffff);
	assert_int_equal(udrv_iova_alloc(&a, 0x800, 0x1000, 0x27fe, &at), -ENOMEM);
	assert_int_equal(at, 7);		/* written only on success */
	assert_int_equal(udrv_iova_alloc(&a, 0x800, 0x1000, 0x27ff, &at), 0);
	assert_int_equal(at, 0x2000);
	assert_int_equal(udrv_iova_alloc(&a, 0x10000, 0x10000, UINT64_MAX, &at), 0);
	assert_int_equal(at, 0x10000);
}

static void refuses_nonsense(void **state)
{
	struct udrv_iova a;
	uint64_t at;

	udrv_iova_init(&a);
	assert_int_equal(udrv_iova_add(&a, 5, 4), -EINVAL);
	assert_int_equal(udrv_iova_add(&a, 0, 0xffff), 0);
	assert_int_equal(udrv_iova_add(&a, 0xffff, 0x1ffff), -EINVAL);	/* overlap */
	assert_int_equal(udrv_iova_alloc(&a, 0, 1, UINT64_MAX, &at), -EINVAL);
	assert_int_equal(udrv_iova_alloc(&a, 1, 3, UINT64_MAX, &at), -EINVAL);
	assert_int_equal(udrv_iova_alloc(&a, 0x1000, 0x1000, UINT64_MAX, &at), 0);
	assert_int_equal(udrv_iova_release(&a, at, 0x1000), 0);
	assert_int_equal(udrv_iova_release(&a, at, 0x1000), -EINVAL);	/* twice */
	assert_int_equal(udrv_iova_release(&a, UINT64_MAX, 2), -EINVAL);
}

static void works_at_the_top(void **state)
{
	struct udrv_iova a;
	uint64_t at;

	udrv_iova_init(&a);
	assert_int_equal(udrv_iova_add(&a, UINT64_MAX - 0xfff, UINT64_MAX), 0);
	assert_int_equal(udrv_iova_alloc(&a, 0x2000, 0x1000, UINT64_MAX, &at), -ENOMEM);
	assert_int_equal(udrv_iova_alloc(&a, 0x1000, 0x1000, UINT64_MAX, &at), 0);
	assert_true(at == UINT64_MAX - 0xfff);
	assert_int_equal(a.n, 0);
	assert_int_equal(udrv_iova_release(&a, at, 0x1000), 0);
	assert_int_equal(a.n, 1);
}

static void full_table_is_an_error(void **state)
{
	struct udrv_iova a;
	uint64_t at;

	udrv_iova_init(&a);
	for (uint64_t i = 0; i < UDRV_IOVA_PIECES; i++)
		assert_int_equal(udrv_iova_add(&a, i * 0x10000, i * 0x10000 + 0x2fff), 0);
	assert_int_equal(udrv_iova_add(&a, 0x1000000, 0x1000fff), -ENOSPC);
	/* Cutting a piece in two would need one more: nothing must be lost. */
	assert_int_equal(udrv_iova_alloc(&a, 0x800, 0x2000, 0x1000 + 0x1fff, &at), 0);
	assert_int_equal(at, 0);
	assert_int_equal(a.n, UDRV_IOVA_PIECES);
}

#define CELLS	64u
#define CELL	0x1000u

/* 100000 random steps; a byte per cell says who has it. */
static void random_against_bitmap(void **state)
{
	struct { uint64_t at, len; } held[CELLS];
	unsigned char owner[CELLS] = { 0 };
	unsigned int n = 0;
	struct udrv_iova a;

	srandom(1);
	udrv_iova_init(&a);
	udrv_iova_add(&a, 0, CELLS * CELL - 1);
	for (int step = 0; step < 100000; step++) {
		uint64_t cells = 1 + (uint64_t)random() % 6, at;

		if (n < CELLS && random() % 2 &&
		    !udrv_iova_alloc(&a, cells * CELL, CELL, UINT64_MAX, &at)) {
			assert_true(at / CELL + cells <= CELLS);
			for (uint64_t c = 0; c < cells; c++)
				assert_int_equal(owner[at / CELL + c]++, 0);
			held[n].at = at;
			held[n++].len = cells * CELL;
		} else if (n) {
			unsigned int k = (unsigned int)random() % n;

			for (uint64_t c = 0; c < held[k].len / CELL; c++)
				owner[held[k].at / CELL + c]--;
			assert_int_equal(udrv_iova_release(&a, held[k].at, held[k].len), 0);
			held[k] = held[--n];
		}
	}
	while (n--)
		assert_int_equal(udrv_iova_release(&a, held[n].at, held[n].len), 0);
	assert_int_equal(a.n, 1);
	assert_true(a.free[0].start == 0 && a.free[0].last == CELLS * CELL - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lowest_that_fits),
		cmocka_unit_test(keeps_alignment_and_limit),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(works_at_the_top),
		cmocka_unit_test(full_table_is_an_error),
		cmocka_unit_test(random_against_bitmap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
