// SPDX-License-Identifier: MIT
/* The AC'97 descriptors against a model of the chip that walks them. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/snd/ac97_window.h"

#define IOVA	0x100000u

static struct ac97_bd bd[BD_ENTRIES];
static uint64_t mark[BD_ENTRIES];

/* ICH 13.2: fetches a descriptor, counts PICB down, halts behind LVI. */
struct chip {
	uint8_t civ, lvi;
	uint16_t picb;
	uint64_t frame;			/* what it should be playing */
	bool halted;
};

static struct ac97_window window(uint32_t period, uint32_t frames)
{
	memset(bd, 0, sizeof(bd));
	memset(mark, 0, sizeof(mark));
	return (struct ac97_window){
		.bd = bd, .mark = mark, .iova = IOVA, .period = period, .frames = frames,
	};
}

static void fetch(struct chip *chip, const struct ac97_window *w)
{
	uint32_t control = le32toh(bd[chip->civ].control);

	chip->picb = (uint16_t)control;
	assert_true(chip->picb > 0 && chip->picb <= w->period * 2 && chip->picb % 2 == 0);
	assert_true(control & BD_IOC);
	assert_int_equal(le32toh(bd[chip->civ].addr), IOVA + chip->frame % w->frames * 4);
	/* No piece leaves the ring. */
	assert_true(chip->frame % w->frames + chip->picb / 2 <= w->frames);
}

/* Play some frames; fewer if the window ends before. */
static void chip_play(struct chip *chip, const struct ac97_window *w, unsigned int frames)
{
	while (frames && !chip->halted) {
		unsigned int n = chip->picb / 2u < frames ? chip->picb / 2u : frames;

		chip->picb -= (uint16_t)(2 * n);
		chip->frame += n;
		frames -= n;
		if (chip->picb)
			continue;
		chip->halted = chip->civ == chip->lvi;
		if (chip->halted)
			continue;
		chip->civ = (chip->civ + 1) % BD_ENTRIES;
		fetch(chip, w);
	}
}

static void chip_set_last(struct chip *chip, const struct ac97_window *w)
{
	chip->lvi = ac97_window_last(w);
	if (!chip->halted)
		return;
	chip->halted = false;
	chip->civ = (chip->civ + 1) % BD_ENTRIES;
	fetch(chip, w);
}

static void start(struct chip *chip, struct ac97_window *w, uint64_t frame, uint64_t limit)
{
	ac97_window_begin(w, frame);
	assert_true(ac97_window_fill(w, limit));
	*chip = (struct chip){ .frame = frame, .lvi = ac97_window_last(w) };
	fetch(chip, w);
}

static void walks(uint32_t period, uint32_t frames, uint64_t from, unsigned int seed)
{
	struct ac97_window w = window(period, frames);
	uint64_t limit = from + 1 + (uint64_t)rand() % frames;
	struct chip chip;

	srand(seed);
	start(&chip, &w, from, limit);
	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t pos;

		chip_play(&chip, &w, (unsigned int)rand() % (2 * period));
		pos = ac97_window_position(mark, chip.civ, chip.picb);
		assert_int_equal(pos, chip.frame);
		assert_true(pos <= limit);
		ac97_window_advance(&w, chip.civ);
		if (rand() % 3)
			limit += ((uint64_t)rand() % 3) * period;
		if (limit > pos + frames)
			limit = pos + frames;
		if (ac97_window_fill(&w, limit))
			chip_set_last(&chip, &w);
		assert_true(w.end <= limit);
		/* Never more than the chip can tell apart. */
		assert_true(w.next - w.current < BD_ENTRIES);
	}
	assert_true(chip.frame > from);
}

static void moves_along(void **state)
{
	for (unsigned int seed = 1; seed < 20; seed++) {
		walks(512, 4096, 0, seed);
		walks(64, 128, 12345678901, seed);
		walks(16, 16 * 200, 7, seed);		/* more periods than descriptors */
		walks(32767, 65534, 99, seed);
	}
}

static void begins_inside_a_period(void **state)
{
	struct ac97_window w = window(512, 4096);

	ac97_window_begin(&w, 4096 + 700);
	assert_true(ac97_window_fill(&w, 4096 + 1536));
	assert_int_equal(w.next, 2);
	assert_int_equal(le32toh(bd[0].control), BD_IOC | (1024 - 700) * 2);
	assert_int_equal(le32toh(bd[0].addr), IOVA + 700 * 4);
	assert_int_equal(le32toh(bd[1].control), BD_IOC | 512 * 2);
	assert_int_equal(mark[1], 4096 + 1536);
	assert_false(ac97_window_fill(&w, 4096 + 1536));
}

static void ends_with_a_short_one(void **state)
{
	struct ac97_window w = window(512, 4096);

	ac97_window_begin(&w, 0);
	assert_true(ac97_window_fill(&w, 512));
	assert_true(ac97_window_fill(&w, 515));
	assert_int_equal(ac97_window_last(&w), 1);
	assert_int_equal(le32toh(bd[1].control), BD_IOC | 3 * 2);
	assert_int_equal(ac97_window_position(mark, 1, 2), 514);
}

/* A chip that says nonsense does not move the window into the future. */
static void ignores_what_was_not_queued(void **state)
{
	struct ac97_window w = window(512, 4096);

	ac97_window_begin(&w, 0);
	ac97_window_fill(&w, 1024);
	ac97_window_advance(&w, 2);
	assert_int_equal(w.current, 0);
	ac97_window_advance(&w, 0xff);
	assert_int_equal(w.current, 0);
	ac97_window_advance(&w, 1);
	assert_int_equal(w.current, 1);
	ac97_window_advance(&w, 0);
	assert_int_equal(w.current, 1);
	assert_true(ac97_window_position(mark, 0xff, 0xffff) != 0);	/* reads inside mark */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_along), cmocka_unit_test(begins_inside_a_period),
		cmocka_unit_test(ends_with_a_short_one),
		cmocka_unit_test(ignores_what_was_not_queued),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ac97_window", tests, NULL, NULL);
}
