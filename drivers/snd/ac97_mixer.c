// SPDX-License-Identifier: MIT
/*
 * ac97_mixer.c - the codec's volumes as controls: AC97 6.3.
 *
 * Each register has both volumes and one switch.  Its values say how much to
 * take away, or, of what is recorded, to add.
 */
#include <stdio.h>

#include "ac97.h"

enum { MASTER, PCM, RECORD };

static const struct {
	const char *name;
	unsigned int reg;
	int32_t steps, db_min;
	bool gain;
} knobs[AC97_KNOBS] = {
	[MASTER] = { "Master Playback", NAM_MASTER_VOLUME, 31, -4650, false },
	/* As loud as it gets is 12 dB more than came in.  QEMU only: that much
	 * less than all is less than what came in. */
	[PCM] = { "PCM Playback", NAM_PCM_OUT_VOLUME, 31, -3450, false },
	[RECORD] = { "Capture", NAM_RECORD_GAIN, 15, 0, true },
};

/* 6 bits instead of 5 are allowed for the master: one that does not have them
 * reads as the least there is, or as something else. */
static int32_t steps_of(struct ac97 *c, unsigned int i)
{
	if (i != MASTER)
		return knobs[i].steps;
	return ac97_hw_try_volume(c, knobs[i].reg, VOLUME_MUTE | 0x2020) ? 63 : 31;
}

unsigned int ac97_mixer_list(struct ac97 *c)
{
	for (unsigned int i = 0; i < AC97_KNOBS; i++) {
		int32_t steps = steps_of(c, i);
		struct udrv_snd_control *volume = &c->control[2 * i], *on = volume + 1;

		*volume = (struct udrv_snd_control){
			.type = UDRV_SND_VOLUME, .channels = 2, .max = steps,
			.initial = knobs[i].gain ? 0 : steps,
			.db_min = knobs[i].db_min - (steps - knobs[i].steps) * 150, .db_step = 150,
		};
		*on = (struct udrv_snd_control){
			.type = UDRV_SND_SWITCH, .channels = 1, .max = 1, .initial = 1,
		};
		snprintf(volume->name, sizeof(volume->name), "%s Volume", knobs[i].name);
		snprintf(on->name, sizeof(on->name), "%s Switch", knobs[i].name);
		c->value[2 * i][0] = c->value[2 * i][1] = volume->initial;
		c->value[2 * i + 1][0] = 0;
	}
	return 2 * AC97_KNOBS;
}

int ac97_mixer_set(struct udrv_dev *dev, unsigned int control, const int32_t value[2])
{
	struct ac97 *c = udrv_priv(dev);
	unsigned int i = control / 2;
	const int32_t *volume = c->value[2 * i];
	int32_t top = knobs[i].gain ? 0 : c->control[2 * i].max;
	unsigned int left, right;

	c->value[control][0] = value[0];
	c->value[control][1] = value[1];
	left = (unsigned int)(knobs[i].gain ? volume[0] : top - volume[0]);
	right = (unsigned int)(knobs[i].gain ? volume[1] : top - volume[1]);
	ac97_hw_set_volume(c, knobs[i].reg, (c->value[2 * i + 1][0] ? 0 : VOLUME_MUTE) |
			   left << 8 | right);
	return 0;
}
