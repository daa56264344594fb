/* SPDX-License-Identifier: MIT */
/*
 * hda_codec.h - finds its way through a codec: from a jack or loudspeaker to a
 * converter, over whatever is between them.  Nothing but verbs goes out, so a
 * test can be the codec.
 */
#ifndef HDA_CODEC_H
#define HDA_CODEC_H

#include <stdbool.h>
#include <stdint.h>
#include <udrv/snd_abi.h>

#include "hda_regs.h"

#define HDA_PATH_MAX	8
#define HDA_WIDGETS_MAX	128

/* From the pin (playback) or the converter (capture) on, each one step against
 * the flow of sound. */
struct hda_path {
	unsigned int n;				/* 0: there is none */
	struct hda_step {
		uint16_t node;
		uint16_t input;			/* of its inputs: where the next one is */
	} step[HDA_PATH_MAX];
	uint16_t converter, pin;
	uint32_t pcm;				/* PARAM_PCM of the converter */
};

struct hda_codec {
	/* verb as in HDA 7.3, with the node; -errno: no answer. */
	int (*verb)(struct hda_codec *codec, uint32_t verb, uint32_t *response);
	uint16_t group;				/* node of the audio function group */
	uint16_t first;				/* widgets: first .. first + n - 1 */
	unsigned int n;
	uint32_t widget[HDA_WIDGETS_MAX];	/* PARAM_WIDGET of each */
	bool seen[HDA_WIDGETS_MAX];		/* nothing was found behind it */
	struct hda_path path[UDRV_SND_DIRS];
};

int hda_verb(struct hda_codec *codec, unsigned int node, unsigned int verb,
	     unsigned int payload, uint32_t *response);

/* Find the audio function group and a path for each direction.  -ENODEV: this
 * is no codec with audio. */
int hda_codec_discover(struct hda_codec *codec);
/* Power, connections, amplifiers (0 dB), pin. */
int hda_codec_open_path(struct hda_codec *codec, enum udrv_snd_dir dir);
/* The converter gets this format and listens to this stream. */
int hda_codec_set_format(struct hda_codec *codec, enum udrv_snd_dir dir, uint16_t format,
			 unsigned int stream);

/* What an amplifier of a widget can do (PARAM_AMP_IN or _OUT); 0: it has none. */
uint32_t hda_codec_amp(struct hda_codec *codec, unsigned int node, bool out);

/* Pure.  What a converter with these PARAM_PCM can do; and a format for it. */
struct udrv_snd_caps hda_caps(uint32_t pcm);
uint16_t hda_format(const struct udrv_snd_params *p, uint32_t pcm);

#endif /* HDA_CODEC_H */
