// SPDX-License-Identifier: MIT
/* control.c - the control socket and its clients. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "udrvd.h"

/* Lines answered at a turn. */
#define BUDGET	16

struct udrvd_client {
	struct udrvd_watch watch;
	struct udrvd_control *control;
	struct udrvd_client *next;	/* the one accepted before */
	uint64_t heard;			/* when it last said something */
	bool ended;			/* it says no more: close after the reply */
	char in[UDRVD_LINE_MAX];
	size_t in_len;
	char *out;			/* NULL: nothing is under way */
	size_t out_len, out_at;
};

static void drop(struct udrvd_client *cl)
{
	struct udrvd_client **at = &cl->control->clients;

	while (*at != cl)
		at = &(*at)->next;
	*at = cl->next;
	cl->control->n--;
	udrvd_watch_del(&cl->control->udrvd->loop, &cl->watch);
	close(cl->watch.fd);
	free(cl->out);
	free(cl);
}

/* 0: all is sent, -EAGAIN: not yet */
static int flush(struct udrvd_client *cl)
{
	while (cl->out) {
		ssize_t n = send(cl->watch.fd, cl->out + cl->out_at, cl->out_len - cl->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		cl->out_at += (size_t)n;
		if (cl->out_at == cl->out_len) {
			free(cl->out);
			cl->out = NULL;
		}
	}
	return 0;
}

static int reply(struct udrvd_client *cl, char *text)
{
	if (!text)
		return -ENOMEM;
	cl->out = text;
	cl->out_len = strlen(text);
	cl->out_at = 0;
	text[cl->out_len++] = '\n';	/* instead of the NUL */
	return flush(cl);
}

static int too_long(struct udrvd_client *cl)
{
	char *text;

	if (asprintf(&text, "{\"ok\":false,\"error\":\"a line has at most %d letters\"}",
		     UDRVD_LINE_MAX - 1) < 0)
		return -ENOMEM;
	cl->in_len = 0;
	cl->ended = true;
	return reply(cl, text);
}

/* Answers one line.  0: done, -EAGAIN: the reply is under way, -ENODATA: there
 * is no whole line, other: close it. */
static int answer(struct udrvd_client *cl)
{
	char *end = memchr(cl->in, '\n', cl->in_len);
	size_t len;
	char *text;

	if (!end)
		return cl->in_len == sizeof(cl->in) ? too_long(cl) : -ENODATA;
	len = (size_t)(end - cl->in);
	text = udrvd_command(cl->control->udrvd, cl->in, len);
	cl->in_len -= len + 1;
	memmove(cl->in, end + 1, cl->in_len);
	return reply(cl, text);
}

static int take_in(struct udrvd_client *cl)
{
	ssize_t n;

	if (cl->ended || cl->in_len == sizeof(cl->in))
		return 0;
	n = recv(cl->watch.fd, cl->in + cl->in_len, sizeof(cl->in) - cl->in_len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	cl->ended = n == 0;
	cl->in_len += (size_t)n;
	cl->heard = udrvd_now();
	return 0;
}

static void client_event(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_client *cl = container_of(w, struct udrvd_client, watch);
	int ret = flush(cl);

	if (!ret)
		ret = take_in(cl);
	for (int i = 0; !ret && i < BUDGET; i++)
		ret = answer(cl);
	if ((ret && ret != -EAGAIN && ret != -ENODATA) || (cl->ended && ret == -ENODATA)) {
		drop(cl);
		return;
	}
	/* While a reply is under way, or lines are left, nothing more is read:
	 * EPOLLOUT then brings us back when the client has taken something. */
	udrvd_watch_change(&cl->control->udrvd->loop, w, ret == -ENODATA ? EPOLLIN : EPOLLOUT);
}

/* Room for one more: who has been silent for longest goes. */
static void make_room(struct udrvd_control *c)
{
	struct udrvd_client *oldest = c->clients;

	if (c->n < UDRVD_CLIENTS)
		return;
	for (struct udrvd_client *cl = c->clients; cl; cl = cl->next)
		if (cl->heard < oldest->heard)
			oldest = cl;
	drop(oldest);
}

static void accept_client(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_control *c = container_of(w, struct udrvd_control, listener);
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct udrvd_client *cl;

	if (fd < 0)
		return;
	make_room(c);
	cl = calloc(1, sizeof(*cl));
	if (!cl) {
		close(fd);
		return;
	}
	cl->watch = (struct udrvd_watch){ fd, client_event };
	cl->control = c;
	cl->heard = udrvd_now();
	if (udrvd_watch_add(&c->udrvd->loop, &cl->watch, EPOLLIN)) {
		close(fd);
		free(cl);
		return;
	}
	cl->next = c->clients;
	c->clients = cl;
	c->n++;
}

/* ---- opening ------------------------------------------------------------------ */

static int take_lock(struct udrvd_control *c, const char *path)
{
	char lock[128];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	c->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock < 0) {
		udrvd_log(UDRV_ERR, NULL, "%s: %s%s", lock, strerror(errno), errno == EACCES ?
			  " (run udrvd as root, or give it another socket with -s)" : "");
		return -errno;
	}
	if (flock(c->lock, LOCK_EX | LOCK_NB)) {
		udrvd_log(UDRV_ERR, NULL, "another udrvd is running with this socket, %s", path);
		close(c->lock);
		return -EBUSY;
	}
	return 0;
}

/* The default directory is on a tmpfs, and empty after each boot. */
static void make_dir(const char *path)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", path);
	mkdir(dirname(copy), 0755);	/* take_lock() says if it is not there */
}

static int listen_at(struct udrvd_control *c, const struct sockaddr_un *addr)
{
	mode_t mask;
	int ret;

	c->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener.fd < 0)
		return -errno;
	/* Ours, as we have the lock; left behind by one that was killed. */
	unlink(addr->sun_path);
	mask = umask(0177);
	ret = bind(c->listener.fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	      listen(c->listener.fd, 16) ? -errno : 0;
	umask(mask);
	if (!ret)
		ret = udrvd_watch_add(&c->udrvd->loop, &c->listener, EPOLLIN);
	if (ret)
		close(c->listener.fd);
	return ret;
}

int udrvd_control_open(struct udrvd_control *c, struct udrvd *udrvd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int ret;

	*c = (struct udrvd_control){
		.udrvd = udrvd, .path = path, .lock = -1, .listener = { -1, accept_client },
	};
	if (strlen(path) >= sizeof(addr.sun_path)) {
		udrvd_log(UDRV_ERR, NULL, "%s: the path of a socket has at most %zu letters", path,
			  sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	make_dir(path);
	ret = take_lock(c, path);
	if (ret)
		return ret;
	ret = listen_at(c, &addr);
	if (ret) {
		udrvd_log(UDRV_ERR, NULL, "%s: %s", path, strerror(-ret));
		close(c->lock);
	}
	return ret;
}

void udrvd_control_close(struct udrvd_control *c)
{
	struct udrvd_client *next;

	for (struct udrvd_client *cl = c->clients; cl; cl = next) {
		next = cl->next;
		drop(cl);
	}
	udrvd_watch_del(&c->udrvd->loop, &c->listener);
	close(c->listener.fd);
	unlink(c->path);
	close(c->lock);
}
