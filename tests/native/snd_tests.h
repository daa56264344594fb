/* SPDX-License-Identifier: MIT */
/* snd_tests.h - what every sound driver must do on its model. */
#ifndef TESTS_NATIVE_SND_TESTS_H
#define TESTS_NATIVE_SND_TESTS_H

#include "snd_rig.h"

/* Each chip's program defines one. */
struct snd_chip {
	const struct udrv_driver *drv;
	const char *device;
	unsigned int rates[8];		/* besides 48000, 0 at the end */
};
extern const struct snd_chip snd_chip;

void snd_plays_every_frame(void **state);
void snd_pauses_at_the_frame(void **state);
void snd_goes_on_after_a_stop(void **state);
void snd_goes_on_after_a_kill(void **state);
void snd_killed_at_any_moment(void **state);
void snd_plays_at_each_rate(void **state);
void snd_records(void **state);
void snd_both_ways_at_once(void **state);
void snd_survives_a_hostile_page(void **state);
void snd_starves_and_goes_on(void **state);
void snd_plays_without_interrupts(void **state);
void snd_is_pulled_out(void **state);

/* A new stream with the ring full, running; the same on a driver that is
 * started first. */
void snd_play_again(struct rig *rig, const struct udrv_snd_params *params);
void snd_play_from_start(struct rig *rig, const struct udrv_snd_params *params);
/* The rest, and then look at the file. */
void snd_play_to_end(struct rig *rig, uint64_t frames, uint64_t max_silent);

#define SND_TEST(f) cmocka_unit_test_setup_teardown(f, log_begin, log_end)
#define SND_TESTS								\
	SND_TEST(snd_plays_every_frame), SND_TEST(snd_pauses_at_the_frame),	\
	SND_TEST(snd_goes_on_after_a_stop), SND_TEST(snd_goes_on_after_a_kill),	\
	SND_TEST(snd_plays_at_each_rate), SND_TEST(snd_records),		\
	SND_TEST(snd_both_ways_at_once), SND_TEST(snd_survives_a_hostile_page),	\
	SND_TEST(snd_starves_and_goes_on), SND_TEST(snd_killed_at_any_moment),\
	SND_TEST(snd_plays_without_interrupts), SND_TEST(snd_is_pulled_out)

#endif /* TESTS_NATIVE_SND_TESTS_H */
