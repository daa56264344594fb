// SPDX-License-Identifier: MIT
/* The walk through an HDA codec, on codecs made of tables. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/snd/hda_mixer.h"

#define AUDIO_OUT	(0u << 20)
#define AUDIO_IN	(1u << 20)
#define MIXER		(2u << 20)
#define SELECTOR	(3u << 20)
#define PIN		(4u << 20)
#define CONFIG(port, device) ((uint32_t)(port) << 30 | (uint32_t)(device) << 20)
#define PCM		(1u << 17 | 1u << 5 | 1u << 6)

struct node {
	uint32_t widget, pin_cap, config, amp_in, amp_out;
	uint8_t inputs[8];
	unsigned int n;
	/* What was done to it. */
	uint32_t amp[2], pin_control, selected, power, format, stream, eapd;
};

/* Like the codecs of laptops: a speaker behind mixer and selector, a jack that
 * is not there, a microphone. */
#define FIRST	2u
#define NODES	9u
enum { DAC = 2, DIGITAL, MIX, SEL, SPEAKER, NO_JACK, ADC, MIC, LOOSE };
static const struct node laptop[NODES] = {
	[DAC - FIRST] = { .widget = AUDIO_OUT | WIDGET_AMP_OUT | WIDGET_POWER | WIDGET_FORMAT_OWN,
			  .amp_out = 0x57 },
	[DIGITAL - FIRST] = { .widget = AUDIO_OUT | WIDGET_DIGITAL },
	[MIX - FIRST] = { .widget = MIXER | WIDGET_AMP_IN | WIDGET_AMP_OWN | WIDGET_CONNECTIONS,
			  .amp_in = 0x1f | AMP_CAN_MUTE, .inputs = { MIC, DIGITAL, DAC }, .n = 3 },
	[SEL - FIRST] = { .widget = SELECTOR | WIDGET_CONNECTIONS, .inputs = { SEL, MIX }, .n = 2 },
	[SPEAKER - FIRST] = { .widget = PIN | WIDGET_CONNECTIONS | WIDGET_AMP_OUT | WIDGET_AMP_OWN,
			      .pin_cap = PIN_CAP_OUT | PIN_CAP_EAPD,
			      .config = CONFIG(2, DEVICE_SPEAKER), .inputs = { SEL }, .n = 1 },
	[NO_JACK - FIRST] = { .widget = PIN | WIDGET_CONNECTIONS, .pin_cap = PIN_CAP_OUT,
			      .config = CONFIG(PORT_NONE, DEVICE_LINE_OUT),
			      .inputs = { DAC }, .n = 1 },
	[ADC - FIRST] = { .widget = AUDIO_IN | WIDGET_CONNECTIONS | WIDGET_AMP_IN,
			  .inputs = { LOOSE, MIC }, .n = 2 },
	[MIC - FIRST] = { .widget = PIN, .pin_cap = PIN_CAP_IN, .config = CONFIG(0, DEVICE_MIC) },
	[LOOSE - FIRST] = { .widget = PIN, .pin_cap = PIN_CAP_OUT, .config = CONFIG(0, 5) },
};

static struct node nodes[NODES];

static uint32_t parameter(unsigned int node, unsigned int id)
{
	const struct node *n;

	if (id == PARAM_NODES)
		return node == 0 ? 1u << 16 | 1 : FIRST << 16 | NODES;
	if (node < FIRST)
		return id == PARAM_GROUP_TYPE ? GROUP_AUDIO : id == PARAM_PCM ? PCM :
		       id == PARAM_AMP_IN ? AMP_CAN_MUTE | 0x5 << 16 | 0x14 << 8 | 0x0a :
		       id == PARAM_AMP_OUT ? 0x3 << 16 | 0x4a << 8 | 0x4a : 0;
	n = &nodes[node - FIRST];
	switch (id) {
	case PARAM_WIDGET: return n->widget;
	case PARAM_PIN: return n->pin_cap;
	case PARAM_AMP_IN: return n->amp_in;
	case PARAM_AMP_OUT: return n->amp_out;
	case PARAM_CONNECTIONS: return n->n;
	case PARAM_PCM: return n->widget & WIDGET_FORMAT_OWN ? PCM | 1u << 19 : 0;
	default: return 0;
	}
}

static void set(struct node *n, unsigned int verb, uint32_t payload)
{
	switch (verb) {
	case SET_POWER_STATE: n->power = payload + 1; break;
	case SET_CONNECTION_SELECT: n->selected = payload + 1; break;
	case SET_PIN_CONTROL: n->pin_control = payload; break;
	case SET_STREAM_CHANNEL: n->stream = payload; break;
	case SET_EAPD: n->eapd = payload; break;
	default: fail_msg("verb %#x", verb);
	}
}

static int table_verb(struct hda_codec *codec, uint32_t word, uint32_t *response)
{
	unsigned int node = word >> 20 & 0xff, verb = word >> 8 & 0xfff, payload = word & 0xff;
	struct node *n = node >= FIRST && node < FIRST + NODES ? &nodes[node - FIRST] : NULL;

	*response = 0;
	if (verb == GET_PARAMETER)
		*response = parameter(node, payload);
	else if (verb == SET_POWER_STATE && !n)
		return 0;			/* the group's */
	else if (!n)
		fail_msg("verb %#x to node %u", verb, node);
	else if (verb >> 8 == SET_FORMAT)
		n->format = word & 0xffff;
	else if (verb >> 8 == SET_AMP)
		n->amp[!!(word & AMP_OUT)] = word & 0xffff;
	else if (verb == GET_CONFIG_DEFAULT)
		*response = n->config;
	else if (verb == GET_CONNECTION_ENTRY)
		memcpy(response, &n->inputs[payload], 4);
	else
		set(n, verb, payload);
	return 0;
}

static struct hda_codec table(void)
{
	memcpy(nodes, laptop, sizeof(nodes));
	return (struct hda_codec){ .verb = table_verb };
}

static void finds_the_way(void **state)
{
	struct hda_codec codec = table();
	const struct hda_path *out = &codec.path[UDRV_SND_PLAYBACK];
	const struct hda_path *in = &codec.path[UDRV_SND_CAPTURE];

	assert_int_equal(hda_codec_discover(&codec), 0);
	assert_int_equal(out->n, 4);
	assert_int_equal(out->step[0].node, SPEAKER);
	assert_int_equal(out->step[1].node, SEL);
	assert_int_equal(out->step[2].node, MIX);
	assert_int_equal(out->step[3].node, DAC);
	assert_int_equal(out->pin, SPEAKER);
	assert_int_equal(out->converter, DAC);
	assert_int_equal(out->pcm, PCM | 1u << 19);
	assert_int_equal(in->n, 2);
	assert_int_equal(in->converter, ADC);
	assert_int_equal(in->pin, MIC);
	assert_int_equal(in->pcm, PCM);
}

static void opens_the_way(void **state)
{
	struct hda_codec codec = table();

	assert_int_equal(hda_codec_discover(&codec), 0);
	assert_int_equal(hda_codec_open_path(&codec, UDRV_SND_PLAYBACK), 0);
	assert_int_equal(nodes[SPEAKER - FIRST].pin_control, PIN_OUT);
	assert_int_equal(nodes[SPEAKER - FIRST].eapd, EAPD_ON);
	assert_int_equal(nodes[SEL - FIRST].selected, 2);	/* input 1 */
	assert_int_equal(nodes[DAC - FIRST].power, 1);		/* D0 */
	/* Its own 0 dB, or the group's; the mixer's input 2. */
	assert_int_equal(nodes[DAC - FIRST].amp[1], AMP_OUT | AMP_BOTH | 0x4a);
	assert_int_equal(nodes[MIX - FIRST].amp[0], AMP_IN | AMP_BOTH | AMP_INDEX(2) | 0x1f);
	assert_int_equal(hda_codec_open_path(&codec, UDRV_SND_CAPTURE), 0);
	assert_int_equal(nodes[ADC - FIRST].selected, 2);
	assert_int_equal(nodes[ADC - FIRST].amp[0], AMP_IN | AMP_BOTH | AMP_INDEX(1) | 0x0a);
	assert_int_equal(nodes[MIC - FIRST].pin_control, PIN_IN);
	assert_int_equal(hda_codec_set_format(&codec, UDRV_SND_PLAYBACK, 0x4011, 1), 0);
	assert_int_equal(nodes[DAC - FIRST].format, 0x4011);
	assert_int_equal(nodes[DAC - FIRST].stream, 0x10);
}

/* The volume is the DAC's, the switch the mixer's; the ADC has both. */
static void turns_knobs(void **state)
{
	struct hda_codec codec = table();
	struct hda_mixer m = { 0 };

	assert_int_equal(hda_codec_discover(&codec), 0);
	hda_mixer_find(&m, &codec);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.amps, 3);
	assert_string_equal(m.control[0].name, "Master Playback Volume");
	assert_int_equal(m.control[0].max, 0x4a);
	assert_int_equal(m.control[0].initial, 0x4a);
	assert_int_equal(m.control[0].db_min, -7400);
	assert_int_equal(m.control[0].db_step, 100);
	assert_string_equal(m.control[1].name, "Master Playback Switch");
	assert_string_equal(m.control[2].name, "Capture Volume");
	assert_int_equal(m.control[2].db_min, -1500);
	assert_int_equal(m.control[2].initial, 0x0a);
	assert_int_equal(hda_mixer_set(&m, &codec, 0, (int32_t[]){ 5, 5 }), 0);
	assert_int_equal(nodes[DAC - FIRST].amp[1], AMP_OUT | AMP_BOTH | 5);
	assert_int_equal(hda_mixer_set(&m, &codec, 0, (int32_t[]){ 5, 7 }), 0);
	assert_int_equal(nodes[DAC - FIRST].amp[1], AMP_OUT | AMP_RIGHT | 7);
	assert_int_equal(hda_mixer_set(&m, &codec, 1, (int32_t[]){ 0, 0 }), 0);
	assert_int_equal(nodes[MIX - FIRST].amp[0],
			 AMP_IN | AMP_BOTH | AMP_INDEX(2) | AMP_MUTE | 0x1f);
	assert_int_equal(hda_mixer_set(&m, &codec, 2, (int32_t[]){ 3, 3 }), 0);
	assert_int_equal(hda_mixer_set(&m, &codec, 3, (int32_t[]){ 0, 0 }), 0);
	assert_int_equal(nodes[ADC - FIRST].amp[0],
			 AMP_IN | AMP_BOTH | AMP_INDEX(1) | AMP_MUTE | 3);
}

static void nothing_to_find(void **state)
{
	struct hda_codec codec = table();

	for (unsigned int i = 0; i < NODES; i++)
		nodes[i].config = CONFIG(PORT_NONE, 0);
	assert_int_equal(hda_codec_discover(&codec), -ENODEV);
}

static unsigned int verbs;

static int random_verb(struct hda_codec *codec, uint32_t word, uint32_t *response)
{
	verbs++;
	*response = (uint32_t)rand() << 16 ^ (uint32_t)rand();
	/* Often enough something that leads further. */
	if ((word >> 8 & 0xfff) == GET_PARAMETER && (word & 0xff) == PARAM_GROUP_TYPE)
		*response = GROUP_AUDIO;
	if ((word >> 8 & 0xfff) == GET_PARAMETER && (word & 0xff) == PARAM_WIDGET)
		*response |= WIDGET_CONNECTIONS;
	return rand() % 64 ? 0 : -EIO;
}

/* Loops, lies and gaps: it ends, and stays inside its tables (ASan). */
static void any_codec_at_all(void **state)
{
	srand(4711);
	for (unsigned int i = 0; i < 300; i++) {
		struct hda_codec codec = { .verb = random_verb };
		struct hda_mixer m = { 0 };

		verbs = 0;
		if (hda_codec_discover(&codec))
			continue;
		hda_codec_open_path(&codec, UDRV_SND_PLAYBACK);
		hda_codec_open_path(&codec, UDRV_SND_CAPTURE);
		hda_mixer_find(&m, &codec);
		for (unsigned int k = 0; k < m.n; k++)
			hda_mixer_set(&m, &codec, k, (int32_t[]){ m.control[k].min, 0 });
	}
}

static int all_mixers_verb(struct hda_codec *codec, uint32_t word, uint32_t *response)
{
	unsigned int node = word >> 20 & 0xff, id = word & 0xff;

	verbs++;
	*response = (word >> 8 & 0xfff) != GET_PARAMETER ? 0x05040302 :
		    id == PARAM_NODES ? 2u << 16 | 100 : id == PARAM_GROUP_TYPE ? GROUP_AUDIO :
		    id == PARAM_PIN ? PIN_CAP_OUT : id == PARAM_CONNECTIONS ? 0x7f :
		    id != PARAM_WIDGET ? 0 : WIDGET_CONNECTIONS | (node == 2 ? PIN : MIXER);
	return 0;
}

/* Everything is connected to everything: not all ways can be tried. */
static void gives_up_in_a_maze(void **state)
{
	struct hda_codec codec = { .verb = all_mixers_verb };

	verbs = 0;
	assert_int_equal(hda_codec_discover(&codec), -ENODEV);
	/* At 50 us each this is half a second. */
	assert_true(verbs < 10000);
}

static void formats(void **state)
{
	static const struct { uint32_t rate; uint16_t fmt; } cases[] = {
		{ 48000, 0x0011 }, { 44100, 0x4011 }, { 8000, 0x0511 }, { 96000, 0x0811 },
		{ 11025, 0x4311 }, { 32000, 0x0a11 }, { 192000, 0x1811 },
	};
	struct udrv_snd_params p = { UDRV_SND_S16, 2, 0, 512, 4096 };
	struct udrv_snd_caps caps = hda_caps(PCM | 1u << 18);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.rate = cases[i].rate;
		assert_int_equal(hda_format(&p, PCM), cases[i].fmt);
	}
	assert_int_equal(caps.formats, 3);
	assert_int_equal(caps.rate_min, 44100);
	assert_int_equal(caps.rate_max, 48000);
	assert_int_equal(caps.rates, 1u << 5 | 1u << 6);
	p.rate = 48000;
	p.format = UDRV_SND_S32;
	assert_int_equal(hda_format(&p, PCM | 1u << 18), 0x0021);
	assert_int_equal(hda_format(&p, PCM | 1u << 18 | 1u << 19), 0x0031);
	assert_int_equal(hda_format(&p, PCM | 1u << 20), 0x0041);
	assert_int_equal(hda_caps(PCM).formats, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_way), cmocka_unit_test(opens_the_way),
		cmocka_unit_test(turns_knobs),
		cmocka_unit_test(nothing_to_find), cmocka_unit_test(any_codec_at_all),
		cmocka_unit_test(gives_up_in_a_maze), cmocka_unit_test(formats),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hda_codec", tests, NULL, NULL);
}
