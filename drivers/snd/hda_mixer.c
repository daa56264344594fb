// SPDX-License-Identifier: MIT
/*
 * hda_mixer.c - which amplifiers on the way are the volume and the switch.  All
 * others stay at 0 dB and on, as hda_codec_open_path() leaves them.
 */
#include <string.h>

#include "hda_mixer.h"

static bool is_volume(uint32_t can)
{
	return AMP_STEPS(can);
}

static bool is_switch(uint32_t can)
{
	return can & AMP_CAN_MUTE;
}

/* One amplifier may be both. */
static struct hda_amp *add_amp(struct hda_mixer *m, const struct hda_amp *amp)
{
	for (unsigned int i = 0; i < m->amps; i++)
		if (m->amp[i].node == amp->node && m->amp[i].out == amp->out)
			return &m->amp[i];
	m->amp[m->amps] = *amp;
	return &m->amp[m->amps++];
}

/* The first one on the path; at a pin, sound leaves through its output. */
static struct hda_amp *first(struct hda_mixer *m, struct hda_codec *codec,
			     const struct hda_path *path, bool (*is)(uint32_t can))
{
	for (unsigned int i = 0; i < path->n; i++) {
		const struct hda_step *step = &path->step[i];

		for (int in = 0; in < 2; in++) {
			uint32_t can = hda_codec_amp(codec, step->node, !in);

			if (!is(can))
				continue;
			return add_amp(m, &(struct hda_amp){
				.node = step->node, .out = !in, .can = can, .on = true,
				.input = in && i + 1 < path->n ? step->input : 0,
				.gain = { AMP_OFFSET(can), AMP_OFFSET(can) },
			});
		}
	}
	return NULL;
}

static struct udrv_snd_control *add(struct hda_mixer *m, struct hda_amp *amp, const char *name)
{
	struct udrv_snd_control *c = &m->control[m->n];

	*c = (struct udrv_snd_control){ .channels = 2 };
	strcpy(c->name, name);
	m->of[m->n++] = amp;
	return c;
}

static void add_volume(struct hda_mixer *m, struct hda_amp *amp, const char *name)
{
	int32_t zero = (int32_t)AMP_OFFSET(amp->can), most = (int32_t)AMP_STEPS(amp->can);
	struct udrv_snd_control *c = add(m, amp, name);

	c->type = UDRV_SND_VOLUME;
	c->max = most;
	c->initial = zero < most ? zero : most;
	c->db_step = (int32_t)AMP_STEP_DB(amp->can);
	c->db_min = -zero * c->db_step;
}

static void add_switch(struct hda_mixer *m, struct hda_amp *amp, const char *name)
{
	struct udrv_snd_control *c = add(m, amp, name);

	c->type = UDRV_SND_SWITCH;
	c->max = c->initial = 1;
	c->channels = 1;
}

void hda_mixer_find(struct hda_mixer *m, struct hda_codec *codec)
{
	static const char *const names[UDRV_SND_DIRS][2] = {
		[UDRV_SND_PLAYBACK] = { "Master Playback Volume", "Master Playback Switch" },
		[UDRV_SND_CAPTURE] = { "Capture Volume", "Capture Switch" },
	};

	m->n = m->amps = 0;
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		const struct hda_path *path = &codec->path[dir];
		struct hda_amp *volume = first(m, codec, path, is_volume);
		struct hda_amp *on = first(m, codec, path, is_switch);

		if (volume)
			add_volume(m, volume, names[dir][0]);
		if (on)
			add_switch(m, on, names[dir][1]);
	}
}

/* HDA 7.3.3.7: left and right have a verb each, if they differ. */
static int set_amp(struct hda_codec *codec, const struct hda_amp *amp)
{
	static const uint32_t side[] = { AMP_LEFT, AMP_RIGHT };
	uint32_t word = (amp->out ? AMP_OUT : AMP_IN) | AMP_INDEX(amp->input) |
			(amp->on ? 0 : AMP_MUTE);
	int ret = 0;

	if (amp->gain[0] == amp->gain[1])
		return hda_verb(codec, amp->node, SET_AMP, word | AMP_BOTH | amp->gain[0], NULL);
	for (int i = 0; i < 2 && !ret; i++)
		ret = hda_verb(codec, amp->node, SET_AMP, word | side[i] | amp->gain[i], NULL);
	return ret;
}

int hda_mixer_set(struct hda_mixer *m, struct hda_codec *codec, unsigned int control,
		  const int32_t value[2])
{
	struct hda_amp *amp = m->of[control];

	if (m->control[control].type == UDRV_SND_SWITCH) {
		amp->on = value[0];
	} else {
		amp->gain[0] = (uint8_t)value[0];
		amp->gain[1] = (uint8_t)value[1];
	}
	return set_amp(codec, amp);
}
