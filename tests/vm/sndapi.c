// SPDX-License-Identifier: MIT
/*
 * What programs do with alsa-lib beyond writing: sndapi DEVICE.  Each test plays
 * the next numbered frames (tests/vm/coded.py); the last line says how many.
 */
#include <alsa/asoundlib.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RATE	48000
#define BUFFER	12000
#define PART	24000

static const char *device;
static uint32_t next_frame;		/* the number of the next one */

static void fill(uint32_t *to, uint32_t from, snd_pcm_uframes_t n)
{
	for (snd_pcm_uframes_t k = 0; k < n; k++) {
		uint32_t i = from + (uint32_t)k;

		to[k] = (i * 2654435761u >> 13 & 0xffff) | 1 | (i * 40503u & 0xffff) << 16;
	}
}

static void good(long ret, const char *what)
{
	if (ret < 0)
		fail_msg("%s: %s", what, snd_strerror((int)ret));
}

static snd_pcm_t *start_pcm(int mode, snd_pcm_access_t access)
{
	snd_pcm_t *pcm;

	good(snd_pcm_open(&pcm, device, SND_PCM_STREAM_PLAYBACK, mode), "open");
	good(snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16_LE, access, 2, RATE, 0,
				BUFFER * 1000000ull / RATE), "set_params");
	return pcm;
}

static void end_pcm(snd_pcm_t *pcm)
{
	good(snd_pcm_nonblock(pcm, 0), "nonblock");
	good(snd_pcm_drain(pcm), "drain");
	snd_pcm_close(pcm);
}

static void write_frames(snd_pcm_t *pcm, uint32_t n)
{
	static uint32_t frames[PART];

	fill(frames, next_frame, n);
	good(snd_pcm_writei(pcm, frames, n) - (long)n, "writei");
	next_frame += n;
}

static void by_poll(void **state)
{
	snd_pcm_t *pcm = start_pcm(SND_PCM_NONBLOCK, SND_PCM_ACCESS_RW_INTERLEAVED);
	static uint32_t frames[PART];
	struct pollfd fds[4];
	uint32_t done = 0;
	int n, waits = 0;

	n = snd_pcm_poll_descriptors_count(pcm);
	assert_true(n > 0 && n <= 4);
	assert_int_equal(snd_pcm_poll_descriptors(pcm, fds, (unsigned int)n), n);
	fill(frames, next_frame, PART);
	while (done < PART) {
		snd_pcm_sframes_t wrote = snd_pcm_writei(pcm, frames + done, PART - done);
		unsigned short events = 0;

		if (wrote >= 0) {
			done += (uint32_t)wrote;
			continue;
		}
		assert_int_equal(wrote, -EAGAIN);
		while (!(events & POLLOUT)) {
			assert_true(poll(fds, (nfds_t)n, 2000) > 0);
			good(snd_pcm_poll_descriptors_revents(pcm, fds, (unsigned int)n, &events),
			     "revents");
			assert_false(events & POLLERR);
			assert_true(waits++ < 1000);	/* a busy loop would be more */
		}
	}
	next_frame += PART;
	end_pcm(pcm);
}

static void pause_and_go(void **state)
{
	snd_pcm_t *pcm = start_pcm(0, SND_PCM_ACCESS_RW_INTERLEAVED);
	snd_pcm_sframes_t before, after;

	write_frames(pcm, BUFFER);
	good(snd_pcm_pause(pcm, 1), "pause");
	usleep(100000);
	assert_int_equal(snd_pcm_state(pcm), SND_PCM_STATE_PAUSED);
	good(snd_pcm_delay(pcm, &before), "delay");
	usleep(100000);
	good(snd_pcm_delay(pcm, &after), "delay");
	assert_int_equal(before, after);
	good(snd_pcm_pause(pcm, 0), "go on");
	write_frames(pcm, BUFFER);
	end_pcm(pcm);
}

static void an_underrun(void **state)
{
	snd_pcm_t *pcm = start_pcm(0, SND_PCM_ACCESS_RW_INTERLEAVED);
	uint32_t frame;

	write_frames(pcm, BUFFER);
	usleep(BUFFER * 1000000ull / RATE + 400000);
	fill(&frame, next_frame, 1);
	assert_int_equal(snd_pcm_writei(pcm, &frame, 1), -EPIPE);
	assert_int_equal(snd_pcm_state(pcm), SND_PCM_STATE_XRUN);
	good(snd_pcm_prepare(pcm), "prepare");
	write_frames(pcm, BUFFER);
	end_pcm(pcm);
}

static void drop_is_quick(void **state)
{
	snd_pcm_t *pcm = start_pcm(0, SND_PCM_ACCESS_RW_INTERLEAVED);
	static const uint32_t zeros[BUFFER];

	assert_int_equal(snd_pcm_writei(pcm, zeros, BUFFER), BUFFER);
	good(snd_pcm_drop(pcm), "drop");
	assert_int_equal(snd_pcm_state(pcm), SND_PCM_STATE_SETUP);
	good(snd_pcm_prepare(pcm), "prepare");
	assert_int_equal(snd_pcm_avail(pcm), BUFFER);
	write_frames(pcm, PART);
	end_pcm(pcm);
}

/* What was written, but not played, is written anew. */
static void rewind_and_mend(void **state)
{
	snd_pcm_t *pcm = start_pcm(0, SND_PCM_ACCESS_RW_INTERLEAVED);
	static const uint32_t zeros[2000];

	write_frames(pcm, BUFFER - 2000);
	assert_int_equal(snd_pcm_writei(pcm, zeros, 2000), 2000);
	assert_int_equal(snd_pcm_rewind(pcm, 2000), 2000);
	write_frames(pcm, PART - BUFFER + 2000);
	end_pcm(pcm);
}

static void by_mmap(void **state)
{
	snd_pcm_t *pcm = start_pcm(0, SND_PCM_ACCESS_MMAP_INTERLEAVED);
	uint32_t end = next_frame + PART;

	while (next_frame < end) {
		const snd_pcm_channel_area_t *areas;
		snd_pcm_uframes_t at, n = end - next_frame;

		if (snd_pcm_avail_update(pcm) == 0) {
			if (snd_pcm_state(pcm) == SND_PCM_STATE_PREPARED)
				good(snd_pcm_start(pcm), "start");
			good(snd_pcm_wait(pcm, 2000) - 1, "wait");
		}
		good(snd_pcm_avail_update(pcm), "avail_update");
		good(snd_pcm_mmap_begin(pcm, &areas, &at, &n), "mmap_begin");
		fill((uint32_t *)areas[0].addr + at, next_frame, n);
		assert_int_equal(snd_pcm_mmap_commit(pcm, at, n), n);
		next_frame += (uint32_t)n;
	}
	end_pcm(pcm);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_poll),
		cmocka_unit_test(pause_and_go),
		cmocka_unit_test(an_underrun),
		cmocka_unit_test(drop_is_quick),
		cmocka_unit_test(rewind_and_mend),
		cmocka_unit_test(by_mmap),
	};
	int failed;

	device = argc > 1 ? argv[1] : "udrvhw";
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	printf("# frames: %u\n", next_frame);
	return failed;
}
