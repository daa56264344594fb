// SPDX-License-Identifier: MIT
/*
 * Plays numbered frames (tests/vm/coded.py) through a small buffer, and counts how
 * often it came too late: sndxrun DEVICE PERIOD PERIODS SECONDS
 *
 * Silence comes before them, because QEMU's chips take a lot at once when they
 * begin, and behind them, which pushes the last ones into QEMU's file.
 *
 * Prints a JSON object; status 1: the device does not have such a buffer.
 */
#include <alsa/asoundlib.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE		48000
#define CHANNELS	2
#define MANY		100

struct shape {
	snd_pcm_uframes_t period, buffer;
};

static int hw_params(snd_pcm_t *pcm, const struct shape *want)
{
	snd_pcm_hw_params_t *p;
	struct shape got;
	int ret;

	snd_pcm_hw_params_alloca(&p);
	ret = snd_pcm_hw_params_any(pcm, p);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_access(pcm, p, SND_PCM_ACCESS_RW_INTERLEAVED);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_format(pcm, p, SND_PCM_FORMAT_S16_LE);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_channels(pcm, p, CHANNELS);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_rate(pcm, p, RATE, 0);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_period_size(pcm, p, want->period, 0);
	if (ret >= 0)
		ret = snd_pcm_hw_params_set_buffer_size(pcm, p, want->buffer);
	if (ret >= 0)
		ret = snd_pcm_hw_params(pcm, p);
	if (ret < 0)
		return ret;
	snd_pcm_hw_params_get_period_size(p, &got.period, NULL);
	snd_pcm_hw_params_get_buffer_size(p, &got.buffer);
	return got.period == want->period && got.buffer == want->buffer ? 0 : -EINVAL;
}

/* Play as soon as the buffer is full; an underrun is one when it is empty. */
static int sw_params(snd_pcm_t *pcm, const struct shape *s)
{
	snd_pcm_sw_params_t *p;
	int ret;

	snd_pcm_sw_params_alloca(&p);
	ret = snd_pcm_sw_params_current(pcm, p);
	if (ret >= 0)
		ret = snd_pcm_sw_params_set_start_threshold(pcm, p, s->buffer);
	if (ret >= 0)
		ret = snd_pcm_sw_params_set_stop_threshold(pcm, p, s->buffer);
	if (ret >= 0)
		ret = snd_pcm_sw_params_set_avail_min(pcm, p, s->period);
	return ret < 0 ? ret : snd_pcm_sw_params(pcm, p);
}

static void fill(uint32_t *to, uint32_t from, snd_pcm_uframes_t n)
{
	for (snd_pcm_uframes_t k = 0; k < n; k++) {
		uint32_t i = from + (uint32_t)k;

		to[k] = (i * 2654435761u >> 13 & 0xffff) | 1 | (i * 40503u & 0xffff) << 16;
	}
}

/* How many underruns, or -errno. */
static int play(snd_pcm_t *pcm, const struct shape *s, snd_pcm_uframes_t frames, bool numbered)
{
	uint32_t *piece = calloc(s->period, sizeof(*piece));
	int xruns = 0;

	for (snd_pcm_uframes_t done = 0; piece && done < frames;) {
		snd_pcm_sframes_t n;

		if (numbered)
			fill(piece, (uint32_t)done, s->period);
		n = snd_pcm_writei(pcm, piece, s->period);
		if (n >= 0) {
			done += (snd_pcm_uframes_t)n;
			continue;
		}
		n = snd_pcm_recover(pcm, (int)n, 1);
		xruns = n < 0 ? (int)n : xruns + 1;
		/* It plays nothing but its beginning. */
		if (n < 0 || xruns > MANY)
			break;
	}
	free(piece);
	return piece ? xruns : -ENOMEM;
}

int main(int argc, char *argv[])
{
	snd_pcm_uframes_t frames;
	struct shape s;
	snd_pcm_t *pcm;
	int ret, xruns = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: sndxrun DEVICE PERIOD PERIODS SECONDS\n");
		return 100;
	}
	s.period = strtoul(argv[2], NULL, 10);
	s.buffer = s.period * strtoul(argv[3], NULL, 10);
	ret = snd_pcm_open(&pcm, argv[1], SND_PCM_STREAM_PLAYBACK, 0);
	if (ret >= 0)
		ret = hw_params(pcm, &s);
	if (ret >= 0)
		ret = sw_params(pcm, &s);
	/* Whole periods. */
	frames = RATE * strtoul(argv[4], NULL, 10) / s.period * s.period;
	if (ret >= 0)
		ret = play(pcm, &s, RATE / 2, false);
	if (ret >= 0)
		ret = xruns = play(pcm, &s, frames, true);
	if (ret >= 0)
		ret = play(pcm, &s, RATE / 2, false);
	if (ret < 0) {
		fprintf(stderr, "%s: %lu in %lu: %s\n", argv[1], s.period, s.buffer, snd_strerror(ret));
		return 1;
	}
	printf("{\"period\": %lu, \"buffer\": %lu, \"xruns\": %d, \"frames\": %lu}\n", s.period,
	       s.buffer, xruns, frames);
	snd_pcm_drop(pcm);
	snd_pcm_close(pcm);
	return 0;
}
