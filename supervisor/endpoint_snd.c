// SPDX-License-Identifier: MIT
/*
 * endpoint_snd.c - two streams, each the ring that the chip reads or writes, and
 * the mixer's values.  They outlive drivers; a stream's memory lasts as long as the
 * application that has it (sound_app.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "memory.h"
#include "sendfds.h"
#include "sound.h"
#include "udrvd.h"

enum { OURS, DRIVERS };			/* ends of a bell */

const char *const udrvd_sound_names[UDRV_SND_DIRS][2] = {
	[UDRV_SND_PLAYBACK] = { "playback", "playback-bell" },
	[UDRV_SND_CAPTURE] = { "capture", "capture-bell" },
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- streams ----------------------------------------------------------------- */

static void unmake(struct udrvd_sound_stream *st)
{
	close_fd(&st->bell[OURS]);
	close_fd(&st->bell[DRIVERS]);
	close_fd(&st->memory);
}

static int make(struct udrvd_sound_stream *st, const char *name, uint64_t ring)
{
	int ret = 0;

	st->memory = udrvd_memfd(name, UDRV_SND_PAGE_SIZE + ring);
	if (st->memory < 0)
		ret = st->memory;
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, st->bell))
		ret = -errno;
	if (ret)
		unmake(st);
	return ret;
}

int udrvd_sound_tell(struct udrvd_sound *s, struct udrvd_sound_stream *st)
{
	char dir = (char)(st - s->stream);
	int ret;

	st->untold = false;
	/* No driver: the next one gets them with all the rest. */
	if (s->news < 0)
		return 0;
	ret = udrvd_send_fds(s->news, &dir, 1, (int[]){ st->memory, st->bell[DRIVERS] }, 2);
	/* Its death has not reached us yet. */
	if (ret == -EPIPE || ret == -ECONNRESET)
		return 0;
	st->untold = ret;
	return ret;
}

int udrvd_sound_renew(struct udrvd_sound *s, struct udrvd_sound_stream *st)
{
	int ret;

	unmake(st);
	ret = make(st, udrvd_sound_names[st - s->stream][0], s->d->cfg->ring);
	if (!ret)
		(void)udrvd_sound_tell(s, st);	/* later, if not now */
	return ret;
}

/* ---- the mixer ------------------------------------------------------------------ */

/* Not even root's programs can write through what they get; and nobody else can
 * open the file anew for that. */
static int make_mixer(struct udrvd_sound *s)
{
	char path[32];

	s->mixer = udrvd_memfd("mixer", UDRV_SND_PAGE_SIZE);
	if (s->mixer < 0)
		return s->mixer;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->mixer);
	s->mixer_ro = open(path, O_RDONLY | O_CLOEXEC);
	return s->mixer_ro < 0 || fchmod(s->mixer, 0400) ? -errno : 0;
}

bool udrvd_sound_set(struct udrvd_sound *s, const struct udrv_snd_set *set)
{
	off_t at = (off_t)(offsetof(struct udrv_snd_mixer, value) +
			   set->control * sizeof(set->value));
	char news = UDRV_SND_MIXER;
	int32_t now[2];

	if (set->control >= UDRV_SND_CONTROLS)
		return false;
	if (pread(s->mixer, now, sizeof(now), at) != sizeof(now) ||
	    !memcmp(now, set->value, sizeof(now)))
		return false;
	if (pwrite(s->mixer, set->value, sizeof(set->value), at) != sizeof(set->value))
		return false;
	/* Full: it has not read older news yet, and looks after any of them. */
	if (s->news >= 0)
		(void)udrvd_send_fds(s->news, &news, 1, NULL, 0);
	return true;
}

/* ---- the endpoint ----------------------------------------------------------------- */

static void snd_close(struct udrvd_endpoint *e)
{
	struct udrvd_sound *s = e->sound;

	udrvd_sound_close(s);
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++)
		unmake(&s->stream[dir]);
	close_fd(&s->mixer);
	close_fd(&s->mixer_ro);
	close_fd(&s->news);
	close_fd(&s->drivers_news);
	free(s);
	e->sound = NULL;
}

static int snd_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	struct udrvd_sound *s = calloc(1, sizeof(*s));
	int ret;

	if (!s) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return -ENOMEM;
	}
	e->sound = s;
	s->d = container_of(e, struct udrvd_device, endpoint);
	s->listener.fd = s->mixer = s->mixer_ro = s->news = s->drivers_news = -1;
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++)
		s->stream[dir] = (struct udrvd_sound_stream){ .memory = -1, .bell = { -1, -1 } };
	ret = make_mixer(s);
	for (int dir = 0; dir < UDRV_SND_DIRS && !ret; dir++)
		ret = make(&s->stream[dir], udrvd_sound_names[dir][0], e->cfg->ring);
	if (!ret)
		ret = udrvd_sound_listen(s);
	if (ret) {
		snprintf(err->text, sizeof(err->text), "[sound] socket=%s: %s", e->cfg->snd_socket,
			 strerror(-ret));
		snd_close(e);
	}
	return ret;
}

/* News are for one process: what it has not read goes with it.  And little fits in,
 * so that applications that come and go cost no memory while it reads none. */
static unsigned int news_fd(struct udrvd_sound *s, struct udrvd_fd *fds)
{
	int ends[2], little = 1;

	close_fd(&s->news);
	close_fd(&s->drivers_news);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 0;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	s->news = ends[0];
	s->drivers_news = ends[1];
	*fds = (struct udrvd_fd){ ends[1], "sound" };
	return 1;
}

static unsigned int snd_fds(struct udrvd_endpoint *e, struct udrvd_fd *fds)
{
	unsigned int n = 0;

	for (int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		struct udrvd_sound_stream *st = &e->sound->stream[dir];

		st->untold = false;
		if (st->memory < 0)
			continue;
		fds[n++] = (struct udrvd_fd){ st->memory, udrvd_sound_names[dir][0] };
		fds[n++] = (struct udrvd_fd){ st->bell[DRIVERS], udrvd_sound_names[dir][1] };
	}
	fds[n++] = (struct udrvd_fd){ e->sound->mixer, "mixer" };
	return n + news_fd(e->sound, &fds[n]);
}

static void snd_spawned(struct udrvd_endpoint *e)
{
	close_fd(&e->sound->drivers_news);
}

static int snd_hold(struct udrvd_endpoint *e, char *text, size_t size)
{
	close_fd(&e->sound->news);
	snprintf(text, size, "streams go on");
	return 0;
}

/* Applications get to know that the device is gone: the other end of their bell
 * closes.  What the mixer was set to stays. */
static int snd_down(struct udrvd_endpoint *e, char *text, size_t size)
{
	struct udrvd_sound *s = e->sound;

	close_fd(&s->news);
	udrvd_sound_drop_all(s);
	snprintf(text, size, "streams are closed");
	return 0;
}

/* The driver's word, in the page that no application can alter: an engine that
 * was told to go, and does not.  Both streams move, or there is no progress. */
static bool snd_work(struct udrvd_endpoint *e, uint64_t *done)
{
	struct udrv_checkpoint cp;
	bool stands = false;

	*done = 0;
	if (!udrvd_device_checkpoint(e->sound->d, &cp) || cp.class != UDRV_CLASS_SND)
		return false;
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		const struct udrv_snd_stream_state *state = &cp.snd.stream[dir];
		struct udrvd_sound_stream *st = &e->sound->stream[dir];

		stands |= state->running && state->hw == st->seen;
		st->seen = state->hw;
	}
	return stands;
}

static void snd_name(const struct udrvd_endpoint *e, char *text, size_t size)
{
	snprintf(text, size, "%s", e->cfg->snd_socket);
}

const struct udrvd_endpoint_ops udrvd_endpoint_snd = {
	.type = "snd",
	.plays_on = true,
	.stays = true,
	.open = snd_open,
	.fds = snd_fds,
	.spawned = snd_spawned,
	.hold = snd_hold,
	.down = snd_down,
	.work = snd_work,
	.name = snd_name,
	.close = snd_close,
};
