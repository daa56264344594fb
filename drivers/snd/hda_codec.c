// SPDX-License-Identifier: MIT
/*
 * hda_codec.c - the widget tree.  What a codec says is not believed: node
 * numbers, counts and connection lists may be anything, loops included, so
 * the walk is bounded in depth and in width.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "hda_codec.h"

#define INPUTS_MAX	32		/* of one widget; QEMU has 1, real ones up to 20 */
#define VERB_IS_LONG(v)	((v) < 0x10)

int hda_verb(struct hda_codec *codec, unsigned int node, unsigned int verb,
	     unsigned int payload, uint32_t *response)
{
	uint32_t unused, word = (uint32_t)node << 20;

	word |= VERB_IS_LONG(verb) ? verb << 16 | (payload & 0xffff) : verb << 8 | (payload & 0xff);
	return codec->verb(codec, word, response ? response : &unused);
}

/* 0 also for what does not answer: nothing is found then. */
static uint32_t param(struct hda_codec *codec, unsigned int node, unsigned int id)
{
	uint32_t val;

	return hda_verb(codec, node, GET_PARAMETER, id, &val) ? 0 : val;
}

static bool is_widget(const struct hda_codec *codec, unsigned int node)
{
	return node >= codec->first && node < codec->first + codec->n;
}

static uint32_t widget(const struct hda_codec *codec, unsigned int node)
{
	return codec->widget[node - codec->first];
}

/* Connection list: HDA 7.1.2.  Entries with the top bit set end a range. */
static unsigned int inputs(struct hda_codec *codec, unsigned int node,
			   uint16_t list[INPUTS_MAX])
{
	uint32_t len = param(codec, node, PARAM_CONNECTIONS), word = 0;
	unsigned int bits = len & CONNECTIONS_LONG ? 16 : 8, per_word = 32 / bits;
	unsigned int range = 1u << (bits - 1), n = 0;

	for (unsigned int i = 0; i < (len & 0x7f) && n < INPUTS_MAX; i++) {
		unsigned int entry, to;

		if (i % per_word == 0 &&
		    hda_verb(codec, node, GET_CONNECTION_ENTRY, i, &word))
			return n;
		entry = word >> i % per_word * bits & ((1u << bits) - 1);
		to = entry & (range - 1);
		if (entry & range && n)
			while (n < INPUTS_MAX && list[n - 1] + 1u < to) {
				list[n] = (uint16_t)(list[n - 1] + 1);
				n++;
			}
		if (n < INPUTS_MAX)
			list[n++] = (uint16_t)to;
	}
	return n;
}

static bool pin_is(struct hda_codec *codec, unsigned int node, uint32_t cap, uint32_t device)
{
	uint32_t config;

	if (!(param(codec, node, PARAM_PIN) & cap) ||
	    hda_verb(codec, node, GET_CONFIG_DEFAULT, 0, &config))
		return false;
	return CONFIG_PORT(config) != PORT_NONE && CONFIG_DEVICE(config) == device;
}

/* Is this where a path ends: a DAC, or a pin that can take in sound? */
static bool is_end(struct hda_codec *codec, unsigned int node, enum udrv_snd_dir dir,
		   uint32_t device)
{
	uint32_t w = widget(codec, node);

	if (dir == UDRV_SND_PLAYBACK)
		return WIDGET_TYPE(w) == HDA_OUTPUT && !(w & WIDGET_DIGITAL);
	return WIDGET_TYPE(w) == HDA_PIN && pin_is(codec, node, PIN_CAP_IN, device);
}

/* Depth first, from the last step of the path on; no widget twice, or a codec
 * with many connections would keep us for ever. */
// NOLINTNEXTLINE(misc-no-recursion): HDA_PATH_MAX deep
static bool walk(struct hda_codec *codec, struct hda_path *path, enum udrv_snd_dir dir,
		 uint32_t device)
{
	struct hda_step *at = &path->step[path->n - 1];
	uint16_t list[INPUTS_MAX];
	unsigned int n;

	if (path->n > 1 && is_end(codec, at->node, dir, device))
		return true;
	if (path->n == HDA_PATH_MAX || !(widget(codec, at->node) & WIDGET_CONNECTIONS))
		return false;
	/* Sound does not flow through other pins and converters. */
	if (path->n > 1 && WIDGET_TYPE(widget(codec, at->node)) != HDA_MIXER &&
	    WIDGET_TYPE(widget(codec, at->node)) != HDA_SELECTOR)
		return false;
	n = inputs(codec, at->node, list);
	for (unsigned int i = 0; i < n; i++) {
		if (!is_widget(codec, list[i]) || codec->seen[list[i] - codec->first])
			continue;
		codec->seen[list[i] - codec->first] = true;
		at->input = (uint16_t)i;
		path->step[path->n++] = (struct hda_step){ .node = list[i] };
		if (walk(codec, path, dir, device))
			return true;
		path->n--;
	}
	return false;
}

static uint32_t pcm_of(struct hda_codec *codec, unsigned int node)
{
	uint32_t own = widget(codec, node) & WIDGET_FORMAT_OWN ? param(codec, node, PARAM_PCM) : 0;

	return own ? own : param(codec, codec->group, PARAM_PCM);
}

/* Paths that begin at some widget and lead to or from this kind of device. */
static bool find(struct hda_codec *codec, enum udrv_snd_dir dir, uint32_t device)
{
	struct hda_path *path = &codec->path[dir];
	bool play = dir == UDRV_SND_PLAYBACK;

	for (unsigned int node = codec->first; node < codec->first + codec->n; node++) {
		uint32_t w = widget(codec, node);

		if (WIDGET_TYPE(w) != (play ? HDA_PIN : HDA_INPUT) || w & WIDGET_DIGITAL)
			continue;
		if (play && !pin_is(codec, node, PIN_CAP_OUT, device))
			continue;
		*path = (struct hda_path){ .n = 1, .step = { { .node = (uint16_t)node } } };
		memset(codec->seen, 0, sizeof(codec->seen));
		if (!walk(codec, path, dir, device))
			continue;
		path->pin = path->step[play ? 0 : path->n - 1].node;
		path->converter = path->step[play ? path->n - 1 : 0].node;
		path->pcm = pcm_of(codec, path->converter);
		return true;
	}
	*path = (struct hda_path){ 0 };
	return false;
}

static int find_group(struct hda_codec *codec)
{
	uint32_t nodes = param(codec, 0, PARAM_NODES);
	unsigned int first = nodes >> 16 & 0xff, n = nodes & 0xff;

	for (unsigned int i = 0; i < n; i++) {
		if ((param(codec, first + i, PARAM_GROUP_TYPE) & 0x7f) != GROUP_AUDIO)
			continue;
		codec->group = (uint16_t)(first + i);
		return 0;
	}
	return -ENODEV;
}

int hda_codec_discover(struct hda_codec *codec)
{
	static const uint32_t out[] = { DEVICE_LINE_OUT, DEVICE_SPEAKER, DEVICE_HP };
	static const uint32_t in[] = { DEVICE_MIC, DEVICE_LINE_IN };
	uint32_t nodes;
	int ret = find_group(codec);

	if (ret)
		return ret;
	hda_verb(codec, codec->group, SET_POWER_STATE, 0, NULL);
	nodes = param(codec, codec->group, PARAM_NODES);
	codec->first = nodes >> 16 & 0xff;
	codec->n = nodes & 0xff;
	if (codec->n > HDA_WIDGETS_MAX)
		codec->n = HDA_WIDGETS_MAX;
	for (unsigned int i = 0; i < codec->n; i++)
		codec->widget[i] = param(codec, codec->first + i, PARAM_WIDGET);
	for (unsigned int i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		if (find(codec, UDRV_SND_PLAYBACK, out[i]))
			break;
	for (unsigned int i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		if (find(codec, UDRV_SND_CAPTURE, in[i]))
			break;
	return codec->path[0].n || codec->path[1].n ? 0 : -ENODEV;
}

/* ---- set-up --------------------------------------------------------------------- */

/* Its parameters are the widget's own or those of the group. */
uint32_t hda_codec_amp(struct hda_codec *codec, unsigned int node, bool out)
{
	uint32_t w = widget(codec, node);

	if (!(w & (out ? WIDGET_AMP_OUT : WIDGET_AMP_IN)))
		return 0;
	return param(codec, w & WIDGET_AMP_OWN ? node : codec->group,
		     out ? PARAM_AMP_OUT : PARAM_AMP_IN);
}

/* 0 dB, not muted: HDA 7.3.3.7. */
static int open_amp(struct hda_codec *codec, unsigned int node, bool out, unsigned int input)
{
	uint32_t amp = hda_codec_amp(codec, node, out);

	if (!(widget(codec, node) & (out ? WIDGET_AMP_OUT : WIDGET_AMP_IN)))
		return 0;
	return hda_verb(codec, node, SET_AMP, (out ? AMP_OUT : AMP_IN) | AMP_BOTH |
			AMP_INDEX(input) | AMP_OFFSET(amp), NULL);
}

static int open_step(struct hda_codec *codec, const struct hda_step *step, bool last)
{
	uint32_t w = widget(codec, step->node);
	int ret = 0;

	if (w & WIDGET_POWER)
		ret = hda_verb(codec, step->node, SET_POWER_STATE, 0, NULL);
	/* A mixer takes all inputs; the others have a switch. */
	if (!ret && !last && WIDGET_TYPE(w) != HDA_MIXER)
		ret = hda_verb(codec, step->node, SET_CONNECTION_SELECT, step->input, NULL);
	if (!ret)
		ret = open_amp(codec, step->node, true, 0);
	return ret ? ret : open_amp(codec, step->node, false, last ? 0 : step->input);
}

int hda_codec_open_path(struct hda_codec *codec, enum udrv_snd_dir dir)
{
	const struct hda_path *path = &codec->path[dir];
	int ret = 0;

	for (unsigned int i = 0; i < path->n && !ret; i++)
		ret = open_step(codec, &path->step[i], i == path->n - 1);
	if (!ret)
		ret = hda_verb(codec, path->pin, SET_PIN_CONTROL,
			       dir == UDRV_SND_PLAYBACK ? PIN_OUT : PIN_IN, NULL);
	if (!ret && dir == UDRV_SND_PLAYBACK && param(codec, path->pin, PARAM_PIN) & PIN_CAP_EAPD)
		ret = hda_verb(codec, path->pin, SET_EAPD, EAPD_ON, NULL);
	return ret;
}

int hda_codec_set_format(struct hda_codec *codec, enum udrv_snd_dir dir, uint16_t format,
			 unsigned int stream)
{
	unsigned int node = codec->path[dir].converter;
	int ret = hda_verb(codec, node, SET_FORMAT, format, NULL);

	return ret ? ret : hda_verb(codec, node, SET_STREAM_CHANNEL, stream << 4, NULL);
}

/* ---- formats: HDA 3.7.1, 7.3.4.7 -------------------------------------------------- */

/* In the order of UDRV_SND_RATES, which is that of PARAM_PCM. */
static const struct { uint32_t rate; uint16_t fmt; } rates[] = {
	{ 8000, FMT_DIV(6) },
	{ 11025, FMT_BASE_44 | FMT_DIV(4) },
	{ 16000, FMT_DIV(3) },
	{ 22050, FMT_BASE_44 | FMT_DIV(2) },
	{ 32000, FMT_MULT(2) | FMT_DIV(3) },
	{ 44100, FMT_BASE_44 },
	{ 48000, 0 },
	{ 88200, FMT_BASE_44 | FMT_MULT(2) },
	{ 96000, FMT_MULT(2) },
	{ 176400, FMT_BASE_44 | FMT_MULT(4) },
	{ 192000, FMT_MULT(4) },
};
#define RATES (sizeof(rates) / sizeof(rates[0]))

/* Which code of FMT_BITS carries S32; 0: none. */
static unsigned int wide(uint32_t pcm)
{
	return pcm >> 20 & 1 ? 4 : pcm >> 19 & 1 ? 3 : pcm >> 18 & 1 ? 2 : 0;
}

struct udrv_snd_caps hda_caps(uint32_t pcm)
{
	struct udrv_snd_caps caps = {
		.channels = 1u << 2, .rates = pcm & ((1u << RATES) - 1),
		.period_min = 16, .period_max = 32768, .periods_max = BDL_ENTRIES - 1,
	};

	if (pcm >> 17 & 1)
		caps.formats |= 1u << UDRV_SND_S16;
	if (wide(pcm))
		caps.formats |= 1u << UDRV_SND_S32;
	for (unsigned int i = 0; i < RATES; i++) {
		if (!(caps.rates >> i & 1))
			continue;
		if (!caps.rate_min)
			caps.rate_min = rates[i].rate;
		caps.rate_max = rates[i].rate;
	}
	return caps;
}

uint16_t hda_format(const struct udrv_snd_params *p, uint32_t pcm)
{
	unsigned int bits = p->format == UDRV_SND_S16 ? 1 : wide(pcm);

	for (unsigned int i = 0; i < RATES; i++)
		if (rates[i].rate == p->rate)
			return (uint16_t)(rates[i].fmt | FMT_BITS(bits) | FMT_CHAN(p->channels));
	return 0;
}
