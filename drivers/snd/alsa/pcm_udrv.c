// SPDX-License-Identifier: MIT
/*
 * pcm_udrv.c - ALSA's way to a stream of udrvd: "udrv" and "udrvhw".
 *
 * The ring is larger than ALSA's buffer by a period or more.  So the position
 * may be estimated between two interrupts: even if the engine lags behind the
 * estimate, because its driver has just died, nothing is overwritten before it
 * was played.
 */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "conf.h"

struct pcm {
	snd_pcm_ioplug_t io;
	struct client client;
	char path[108];
	int armed;			/* eventfd: readable while there is room or data */
	uint64_t appl;			/* frames, as the driver counts them */
	uint64_t told;			/* position that ALSA knows */
	uint64_t xruns;			/* the driver's count when the stream began */
	snd_pcm_uframes_t avail_min, stop_threshold, boundary;
};

static struct pcm *pcm_of(snd_pcm_ioplug_t *io)
{
	return io->private_data;
}

static bool playback(const struct pcm *p)
{
	return p->io.stream == SND_PCM_STREAM_PLAYBACK;
}

/* ---- where we are ------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Playback: the driver looks at its engine once a period; in between it moves on. */
static uint64_t estimate(const struct pcm *p, const struct client_view *v)
{
	const struct udrv_snd_params *params = &p->client.params;
	uint64_t now = now_ns(), frames = 0;

	if (v->is == UDRV_SND_RUNNING && now > v->hw_ns && now - v->hw_ns < 1000000000u)
		frames = (now - v->hw_ns) * params->rate / 1000000000u;
	else if (v->is == UDRV_SND_RUNNING)
		frames = params->period;
	return v->hw + (frames < params->period ? frames : params->period);
}

/* Never beyond what was written or what there is room for, and never back. */
static uint64_t position(struct pcm *p, const struct client_view *v)
{
	uint64_t hw = v->hw, end = p->appl;

	if (playback(p))
		hw = estimate(p, v);
	else
		end += p->io.buffer_size;
	if (hw > end)
		hw = end;
	if (hw > p->told && hw - p->told <= p->client.params.frames)
		p->told = hw;
	return p->told;
}

static snd_pcm_uframes_t avail(struct pcm *p, const struct client_view *v)
{
	uint64_t hw = position(p, v);

	return (snd_pcm_uframes_t)(playback(p) ? p->io.buffer_size - (p->appl - hw) : hw - p->appl);
}

static bool is_xrun(struct pcm *p, const struct client_view *v)
{
	return v->is == UDRV_SND_STARVED && v->xruns != p->xruns &&
	       avail(p, v) >= p->stop_threshold;
}

static snd_pcm_sframes_t pointer(snd_pcm_ioplug_t *io)
{
	struct pcm *p = pcm_of(io);
	struct client_view v = client_view(&p->client);

	if (io->state == SND_PCM_STATE_RUNNING && is_xrun(p, &v))
		return -EPIPE;
	return (snd_pcm_sframes_t)(position(p, &v) % p->boundary);
}

/* ---- data --------------------------------------------------------------------- */

/* ALSA's own pointer counts: it goes back at a rewind, of which we are not told. */
static uint64_t follow_appl(const struct pcm *p)
{
	snd_pcm_uframes_t then = (snd_pcm_uframes_t)(p->appl % p->boundary);
	snd_pcm_uframes_t now = p->io.appl_ptr % p->boundary;
	snd_pcm_uframes_t forward = now >= then ? now - then : now + p->boundary - then;

	if (forward <= p->boundary / 2)
		return p->appl + forward;
	return p->appl - (p->boundary - forward);
}

static void ring_areas(const struct pcm *p, snd_pcm_channel_area_t *areas)
{
	unsigned int bits = (unsigned int)snd_pcm_format_physical_width(p->io.format);

	for (unsigned int c = 0; c < p->io.channels; c++)
		areas[c] = (snd_pcm_channel_area_t){
			.addr = p->client.ring, .first = c * bits, .step = p->io.channels * bits,
		};
}

static snd_pcm_sframes_t transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
				  snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	struct pcm *p = pcm_of(io);
	snd_pcm_uframes_t frames = p->client.params.frames, left = size;
	snd_pcm_channel_area_t ring[32];

	ring_areas(p, ring);
	p->appl = follow_appl(p);
	while (left) {
		snd_pcm_uframes_t at = (snd_pcm_uframes_t)(p->appl % frames), n = frames - at;

		if (n > left)
			n = left;
		if (playback(p))
			snd_pcm_areas_copy(ring, at, areas, offset, io->channels, n, io->format);
		else
			snd_pcm_areas_copy(areas, offset, ring, at, io->channels, n, io->format);
		p->appl += n;
		offset += n;
		left -= n;
	}
	client_appl(&p->client, p->appl);
	if (io->state == SND_PCM_STATE_RUNNING)
		client_ring(&p->client);
	return (snd_pcm_sframes_t)size;
}

/* ---- states -------------------------------------------------------------------- */

static int start(snd_pcm_ioplug_t *io)
{
	client_want(&pcm_of(io)->client, UDRV_SND_RUN);
	return 0;
}

static int stop(snd_pcm_ioplug_t *io)
{
	client_want(&pcm_of(io)->client, UDRV_SND_IDLE);
	return 0;
}

static int pause_or_go(snd_pcm_ioplug_t *io, int enable)
{
	client_want(&pcm_of(io)->client, enable ? UDRV_SND_PAUSE : UDRV_SND_RUN);
	return 0;
}

static int prepare(snd_pcm_ioplug_t *io)
{
	struct pcm *p = pcm_of(io);
	/* As many whole periods as the buffer takes, and one more. */
	uint32_t periods = (uint32_t)((io->buffer_size + io->period_size - 1) / io->period_size) + 1;
	struct udrv_snd_params params = {
		.format = io->format == SND_PCM_FORMAT_S16_LE ? UDRV_SND_S16 : UDRV_SND_S32,
		.channels = io->channels, .rate = io->rate, .period = (uint32_t)io->period_size,
		.frames = periods * (uint32_t)io->period_size,
	};
	int ret = client_prepare(&p->client, &params);

	p->appl = p->told = 0;
	p->xruns = client_view(&p->client).xruns;
	eventfd_write(p->armed, 1);
	if (ret == -ENODEV)
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
	return ret;
}

/* How long the rest takes, and a driver's restart. */
static uint64_t drain_end(const struct pcm *p)
{
	return now_ns() + 10000000000ull + p->io.buffer_size * 1000000000ull / p->io.rate;
}

static int drain(snd_pcm_ioplug_t *io)
{
	struct pcm *p = pcm_of(io);
	uint64_t end = drain_end(p);

	if (!playback(p))
		return 0;
	client_want(&p->client, UDRV_SND_DRAIN);
	while (client_view(&p->client).is != UDRV_SND_DRAINED) {
		if (io->nonblock)
			return -EAGAIN;
		if (now_ns() > end)
			return -EIO;
		client_wait(&p->client, 100);
		if (client_heard(&p->client)) {
			snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
			return -ENODEV;
		}
	}
	return 0;
}

static int sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct pcm *p = pcm_of(io);

	snd_pcm_sw_params_get_avail_min(params, &p->avail_min);
	snd_pcm_sw_params_get_stop_threshold(params, &p->stop_threshold);
	snd_pcm_sw_params_get_boundary(params, &p->boundary);
	return 0;
}

static int hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct pcm *p = pcm_of(io);

	/* As alsa-lib computes it; sw_params come with its own value. */
	p->boundary = io->buffer_size;
	while (p->boundary * 2 <= LONG_MAX - io->buffer_size)
		p->boundary *= 2;
	p->avail_min = io->period_size;
	p->stop_threshold = io->buffer_size;
	return 0;
}

static int close_pcm(snd_pcm_ioplug_t *io)
{
	struct pcm *p = pcm_of(io);

	client_close(&p->client);
	close(p->armed);
	free(p);
	return 0;
}

/* ---- poll ------------------------------------------------------------------------ */

static int poll_count(snd_pcm_ioplug_t *io)
{
	return 2;
}

static int poll_fds(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int space)
{
	struct pcm *p = pcm_of(io);

	if (space < 2)
		return 0;
	fds[0] = (struct pollfd){ .fd = p->client.bell, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p->armed, .events = POLLIN };
	return 2;
}

static bool something_to_do(struct pcm *p)
{
	struct client_view v = client_view(&p->client);

	return avail(p, &v) >= p->avail_min || is_xrun(p, &v) ||
	       (p->io.state == SND_PCM_STATE_DRAINING && v.is == UDRV_SND_DRAINED);
}

/* Both descriptors are emptied before the last look, so that nothing that
 * happens after it is missed. */
static int poll_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int n,
			unsigned short *revents)
{
	struct pcm *p = pcm_of(io);
	bool go = something_to_do(p);
	eventfd_t unused;
	int gone = client_heard(&p->client);

	if (!go) {
		(void)eventfd_read(p->armed, &unused);
		go = something_to_do(p);
	}
	if (go)
		eventfd_write(p->armed, 1);
	*revents = go ? (playback(p) ? POLLOUT : POLLIN) : 0;
	if (gone) {
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
		*revents |= POLLERR | POLLHUP;
	}
	return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
	.start = start,
	.stop = stop,
	.pointer = pointer,
	.transfer = transfer,
	.close = close_pcm,
	.hw_params = hw_params,
	.sw_params = sw_params,
	.prepare = prepare,
	.drain = drain,
	.pause = pause_or_go,
	.poll_descriptors_count = poll_count,
	.poll_descriptors = poll_fds,
	.poll_revents = poll_revents,
};

/* ---- what the chip can do ---------------------------------------------------------- */

static int limit(struct pcm *p, int what, uint64_t min, uint64_t max)
{
	return snd_pcm_ioplug_set_param_minmax(&p->io, what, (unsigned int)min,
					       max < INT_MAX ? (unsigned int)max : INT_MAX);
}

static int limit_rates(struct pcm *p)
{
	static const unsigned int all[] = UDRV_SND_RATES;
	const struct udrv_snd_caps *caps = &p->client.caps;
	unsigned int list[sizeof(all) / sizeof(all[0])], n = 0;

	if (!caps->rates)
		return limit(p, SND_PCM_IOPLUG_HW_RATE, caps->rate_min, caps->rate_max);
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (caps->rates >> i & 1)
			list[n++] = all[i];
	return snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_RATE, n, list);
}

static int limit_formats(struct pcm *p)
{
	const struct udrv_snd_caps *caps = &p->client.caps;
	unsigned int list[32], n = 0;
	int ret;

	if (caps->formats & 1u << UDRV_SND_S16)
		list[n++] = SND_PCM_FORMAT_S16_LE;
	if (caps->formats & 1u << UDRV_SND_S32)
		list[n++] = SND_PCM_FORMAT_S32_LE;
	ret = snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_FORMAT, n, list);
	if (ret < 0)
		return ret;
	n = 0;
	for (unsigned int channels = 1; channels < 32; channels++)
		if (caps->channels >> channels & 1)
			list[n++] = channels;
	return snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_CHANNELS, n, list);
}

/* Bytes, in which ALSA wants it here, are different frames for each format: what
 * holds for all of them. */
static int limit_sizes(struct pcm *p)
{
	const struct udrv_snd_caps *caps = &p->client.caps;
	uint64_t most = (31u - (unsigned int)__builtin_clz(caps->channels)) *
			(caps->formats & 1u << UDRV_SND_S32 ? 4 : 2);
	uint64_t least = (unsigned int)__builtin_ctz(caps->channels) *
			 (caps->formats & 1u << UDRV_SND_S16 ? 2 : 4);
	uint64_t buffer = p->client.ring_len / 2, period = caps->period_max * least;
	int ret = limit(p, SND_PCM_IOPLUG_HW_PERIOD_BYTES, caps->period_min * most,
			period < buffer / 2 ? period : buffer / 2);

	if (ret >= 0)
		ret = limit(p, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 2 * caps->period_min * most, buffer);
	/* The ring has up to two more. */
	if (ret >= 0)
		ret = limit(p, SND_PCM_IOPLUG_HW_PERIODS, 2,
			    caps->periods_max < 1026 ? caps->periods_max - 2 : 1024);
	return ret;
}

static int limit_access(struct pcm *p)
{
	static const unsigned int all[] = {
		SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_MMAP_NONINTERLEAVED,
		SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_RW_NONINTERLEAVED,
	};

	return snd_pcm_ioplug_set_param_list(&p->io, SND_PCM_IOPLUG_HW_ACCESS, 4, all);
}

static int limit_all(struct pcm *p)
{
	const struct udrv_snd_caps *caps = &p->client.caps;
	int ret;

	if (!(caps->channels & ~1u) || caps->channels & 1 || caps->periods_max < 5)
		return -EPROTO;
	ret = limit_access(p);
	if (ret >= 0)
		ret = limit_formats(p);
	if (ret >= 0)
		ret = limit_rates(p);
	return ret < 0 ? ret : limit_sizes(p);
}

/* ---- opening ------------------------------------------------------------------------ */

static int open_pcm(snd_pcm_t **pcmp, const char *name, const char *device,
		    snd_pcm_stream_t stream, int mode)
{
	enum udrv_snd_dir dir = stream == SND_PCM_STREAM_PLAYBACK ? UDRV_SND_PLAYBACK :
				UDRV_SND_CAPTURE;
	struct pcm *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	p->armed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = p->armed < 0 ? -errno : client_socket(device, p->path, sizeof(p->path));
	if (!ret)
		ret = client_open(&p->client, p->path, dir);
	if (ret) {
		SNDERR("udrv: %s of %s: %s", dir ? "capture" : "playback",
		       p->path[0] ? p->path : UDRV_SND_DIR "/*.snd", snd_strerror(ret));
		if (p->armed >= 0)
			close(p->armed);
		free(p);
		return ret;
	}
	p->io = (snd_pcm_ioplug_t){
		.version = SND_PCM_IOPLUG_VERSION,
		.name = "udrv",
		.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA,
		.callback = &callbacks,
		.private_data = p,
		.poll_fd = p->client.bell,
		.poll_events = POLLIN,
	};
	ret = snd_pcm_ioplug_create(&p->io, name, stream, mode);
	if (ret < 0) {
		close_pcm(&p->io);
		return ret;
	}
	ret = limit_all(p);
	if (ret < 0) {
		snd_pcm_ioplug_delete(&p->io);	/* closes */
		return ret;
	}
	*pcmp = p->io.pcm;
	return 0;
}

SND_PCM_PLUGIN_DEFINE_FUNC(udrv);	/* a prototype */
SND_PCM_PLUGIN_DEFINE_FUNC(udrv)
{
	const char *device;
	int ret = conf_device(conf, &device);

	return ret ? ret : open_pcm(pcmp, name, device, stream, mode);
}

SND_PCM_PLUGIN_SYMBOL(udrv);
