// SPDX-License-Identifier: MIT
/*
 * sound_app.c - the socket on which applications get streams and the mixer.
 *
 * One application has a stream at a time, as with any sound card that mixes
 * nothing itself; PipeWire is for more.  Nothing here waits for an application: what
 * it asks for is in its first message or it is not served.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "sendfds.h"
#include "sound.h"
#include "udrvd.h"

/* An application says what it wants at once. */
#define PATIENCE	1000000000ull

static struct udrvd_loop *loop_of(struct udrvd_sound *s)
{
	return &s->d->udrvd->loop;
}

static void drop(struct udrvd_sound_app *app)
{
	struct udrvd_sound *s = app->sound;
	struct udrvd_sound_stream *st = app->stream;
	int ret;

	app->stream = NULL;
	app->mixer = false;
	udrvd_timer_cancel(loop_of(s), &app->timer);
	udrvd_watch_del(loop_of(s), &app->watch);
	close(app->watch.fd);
	app->watch.fd = -1;
	if (!st)
		return;
	udrvd_log(UDRV_INFO, s->d->cfg->name, "%s: pid %d has left",
		  udrvd_sound_names[st - s->stream][0], app->pid);
	st->app = NULL;
	ret = udrvd_sound_renew(s, st);
	if (ret)
		udrvd_log(UDRV_ERR, s->d->cfg->name, "%s: no memory for the next application: %s",
			  udrvd_sound_names[st - s->stream][0], strerror(-ret));
}

static void too_late(struct udrvd_timer *t)
{
	drop(container_of(t, struct udrvd_sound_app, timer));
}

static int answer(int to, int error, const int *fds, unsigned int n)
{
	struct udrv_snd_answer text = { UDRV_SND_MAGIC, error };

	return udrvd_send_fds(to, &text, sizeof(text), fds, n);
}

static int give_stream(struct udrvd_sound_app *app, struct udrvd_sound_stream *st)
{
	struct udrvd_sound *s = app->sound;
	char c;
	int ret = 0;

	/* Whoever had it may just have closed; we have not heard of it yet. */
	if (st->app && recv(st->app->watch.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		drop(st->app);
	if (st->app)
		return -EBUSY;
	if (st->memory < 0)
		ret = udrvd_sound_renew(s, st);
	if (!ret && st->untold)
		ret = udrvd_sound_tell(s, st);
	if (!ret)
		ret = answer(app->watch.fd, 0, (int[]){ st->memory, st->bell[0] }, 2);
	if (ret)
		return ret;
	app->stream = st;
	st->app = app;
	udrvd_log(UDRV_INFO, s->d->cfg->name, "%s: pid %d has it",
		  udrvd_sound_names[st - s->stream][0], app->pid);
	return 0;
}

static int give_mixer(struct udrvd_sound_app *app)
{
	struct udrvd_sound *s = app->sound;
	unsigned int mixers = 0;
	int ret;

	for (int i = 0; i < UDRVD_SOUND_APPS; i++)
		mixers += s->app[i].watch.fd >= 0 && s->app[i].mixer;
	if (mixers == UDRVD_SOUND_MIXERS)
		return -EBUSY;
	ret = answer(app->watch.fd, 0, &s->mixer_ro, 1);
	app->mixer = !ret;
	return ret;
}

/* false: it is not to be served. */
static bool give(struct udrvd_sound_app *app, const struct udrv_snd_request *r)
{
	struct udrvd_sound *s = app->sound;
	int ret;

	if (r->magic != UDRV_SND_MAGIC || r->dir > UDRV_SND_MIXER)
		ret = -EPROTO;
	else if (s->d->state == UDRVD_OFF || s->d->state == UDRVD_HELD)
		ret = -ENODEV;
	else if (r->dir == UDRV_SND_MIXER)
		ret = give_mixer(app);
	else
		ret = give_stream(app, &s->stream[r->dir]);
	if (ret) {
		(void)answer(app->watch.fd, ret, NULL, 0);
		return false;
	}
	udrvd_timer_cancel(loop_of(s), &app->timer);
	return true;
}

/* A byte that does not fit is not missed: there are others in it, unread. */
static void tell_mixers(struct udrvd_sound *s)
{
	for (int i = 0; i < UDRVD_SOUND_APPS; i++)
		if (s->app[i].watch.fd >= 0 && s->app[i].mixer)
			(void)send(s->app[i].watch.fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void app_event(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_sound_app *app = container_of(w, struct udrvd_sound_app, watch);
	union {
		struct udrv_snd_request request;
		struct udrv_snd_set set;
	} said;
	ssize_t n = recv(w->fd, &said, sizeof(said), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (app->mixer && n == sizeof(said.set) && said.set.magic == UDRV_SND_MAGIC) {
		if (udrvd_sound_set(app->sound, &said.set))
			tell_mixers(app->sound);
		return;
	}
	/* One who has a stream has nothing more to say. */
	if (n != sizeof(said.request) || app->stream || app->mixer || !give(app, &said.request))
		drop(app);
}

/* A place: a free one, or that of who has waited longest for nothing. */
static struct udrvd_sound_app *place(struct udrvd_sound *s)
{
	struct udrvd_sound_app *found = NULL;

	for (int i = 0; i < UDRVD_SOUND_APPS; i++) {
		struct udrvd_sound_app *app = &s->app[i];

		if (app->watch.fd < 0)
			return app;
		if (!app->stream && !app->mixer && (!found || app->since < found->since))
			found = app;
	}
	if (found)
		drop(found);
	return found;
}

static void accept_app(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_sound *s = container_of(w, struct udrvd_sound, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	struct udrvd_sound_app *app;

	if (fd < 0)
		return;
	app = place(s);
	app->watch = (struct udrvd_watch){ fd, app_event };
	app->timer.fn = too_late;
	app->sound = s;
	app->since = udrvd_now();
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	app->pid = peer.pid;
	if (udrvd_watch_add(loop_of(s), &app->watch, EPOLLIN)) {
		close(fd);
		app->watch.fd = -1;
		return;
	}
	udrvd_timer_arm(loop_of(s), &app->timer, PATIENCE);
	/* Mostly it is here already: no crowd comes between. */
	app_event(&app->watch, EPOLLIN);
}

/* ---- for the endpoint ------------------------------------------------------------ */

int udrvd_sound_listen(struct udrvd_sound *s)
{
	const struct udrvd_config *cfg = s->d->cfg;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int ret;

	for (int i = 0; i < UDRVD_SOUND_APPS; i++)
		s->app[i].watch.fd = -1;
	s->listener = (struct udrvd_watch){
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), accept_app
	};
	if (s->listener.fd < 0)
		return -errno;
	strcpy(addr.sun_path, cfg->snd_socket);
	unlink(addr.sun_path);		/* of an udrvd that was killed */
	mask = umask(0777);		/* for nobody, until its group is set */
	ret = bind(s->listener.fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!ret && s->d->udrvd->root && chown(addr.sun_path, 0, cfg->snd_group))
		ret = -errno;
	if (!ret && (chmod(addr.sun_path, cfg->snd_mode) ||
		     listen(s->listener.fd, UDRVD_SOUND_APPS)))
		ret = -errno;
	return ret ? ret : udrvd_watch_add(loop_of(s), &s->listener, EPOLLIN);
}

void udrvd_sound_drop_all(struct udrvd_sound *s)
{
	for (int i = 0; i < UDRVD_SOUND_APPS; i++)
		if (s->app[i].watch.fd >= 0)
			drop(&s->app[i]);
}

void udrvd_sound_close(struct udrvd_sound *s)
{
	if (s->listener.fd < 0)
		return;
	udrvd_sound_drop_all(s);
	udrvd_watch_del(loop_of(s), &s->listener);
	close(s->listener.fd);
	unlink(s->d->cfg->snd_socket);
}
