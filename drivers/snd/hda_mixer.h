/* SPDX-License-Identifier: MIT */
/* hda_mixer.h - the amplifiers on a codec's paths as controls. */
#ifndef HDA_MIXER_H
#define HDA_MIXER_H

#include "hda_codec.h"

/* A volume and a switch for each direction, as far as there are any. */
#define HDA_CONTROLS	(2 * UDRV_SND_DIRS)

struct hda_amp {
	uint16_t node, input;
	bool out;			/* it is the widget's output amplifier */
	uint32_t can;			/* PARAM_AMP_* */
	uint8_t gain[2];
	bool on;
};

struct hda_mixer {
	unsigned int n;
	struct udrv_snd_control control[HDA_CONTROLS];
	struct hda_amp *of[HDA_CONTROLS];
	struct hda_amp amp[HDA_CONTROLS];
	unsigned int amps;
};

/* On the paths that were found: the volume nearest to the jack (playback) or to
 * the converter (capture), and the nearest switch. */
void hda_mixer_find(struct hda_mixer *m, struct hda_codec *codec);
int hda_mixer_set(struct hda_mixer *m, struct hda_codec *codec, unsigned int control,
		  const int32_t value[2]);

#endif /* HDA_MIXER_H */
