// SPDX-License-Identifier: MIT
/*
 * Any bytes on the control socket, through the real socket, loop and commands:
 * one reply of JSON for each line, and nobody is kept waiting.  Behind the seam
 * of device.h are two devices that only change their states, and whose drivers
 * have written the input into their checkpoint pages and traces.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>
#include <udrv/trace.h>

#include "../../supervisor/log.h"
#include "../../supervisor/udrvd.h"
#include "fuzz.h"

#define TOO_LONG	10000000000ull	/* ns for one input, on a busy machine */
#define DEVICES		2

static struct udrvd u;
static struct udrvd_config *configs;
static const uint8_t *page;
static size_t page_size;

/* ---- behind device.h ------------------------------------------------------------ */

/* What a mad driver would. */
static void write_trace(struct udrv_trace *ring)
{
	for (size_t i = 0; page_size && i < sizeof(ring->ring[0]) * 64; i++)
		((uint8_t *)ring->ring)[i] = page[i % page_size];
	ring->n = page_size > 1000 ? page_size << 32 : 64;
}

int udrvd_device_event(struct udrvd_device *d, enum udrvd_event event)
{
	if (d->trace.ring)
		write_trace(d->trace.ring);
	d->state = (d->state + 1) % UDRVD_STATES;
	d->process.pid = d->state == UDRVD_RUNNING ? getpid() : 0;
	return d->state == UDRVD_HELD ? -EPERM : 0;
}

int udrvd_device_signal(struct udrvd_device *d, int sig)
{
	return d->process.pid ? 0 : -ESRCH;
}

int udrvd_upgrade_begin(struct udrvd_device *d, const char *path, struct udrv_error *err)
{
	snprintf(err->text, sizeof(err->text), "%.*s: refused", (int)sizeof(err->text) / 2, path);
	snprintf(d->upgrade.to, sizeof(d->upgrade.to), "%s", path);
	d->upgrade.phase = UDRVD_UPGRADE_DONE;
	return d->state % 2 ? -EINVAL : 0;
}

const char *udrvd_upgrade_name(const struct udrvd_device *d)
{
	return "done";
}

bool udrvd_device_checkpoint(const struct udrvd_device *d, struct udrv_checkpoint *cp)
{
	if (!page_size)
		return false;
	for (size_t i = 0; i < sizeof(*cp); i++)
		((uint8_t *)cp)[i] = page[i % page_size];
	cp->class = d == &u.devices[0] ? UDRV_CLASS_NET : UDRV_CLASS_BLK;
	return true;
}

struct udrvd_device *udrvd_find(struct udrvd *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->devices[i].cfg->name, name))
			return &all->devices[i];
	return NULL;
}

void udrvd_end(struct udrvd *all)
{
}

void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...)
{
}

/* ---- the client ---------------------------------------------------------------------- */

static struct {
	struct udrvd_watch watch;
	struct udrvd_timer guard;
	char in[1 << 20];
	size_t len;
} client;

static void guard(struct udrvd_timer *t)
{
	require(!"the reply came in time");
}

static void take(struct udrvd_watch *w, unsigned int events)
{
	ssize_t n = recv(w->fd, client.in + client.len, sizeof(client.in) - client.len,
			 MSG_DONTWAIT);

	require(client.len < sizeof(client.in));
	if (n > 0)
		client.len += (size_t)n;
	else
		u.loop.stopped = true;
}

/* How many replies. */
static size_t check_replies(void)
{
	size_t n = 0;

	for (char *at = client.in, *end; at < client.in + client.len; at = end + 1, n++) {
		struct json_object *o, *ok, *error;

		end = memchr(at, '\n', (size_t)(client.in + client.len - at));
		require(end);
		*end = '\0';
		o = json_tokener_parse(at);
		require(o && json_object_object_get_ex(o, "ok", &ok));
		require(json_object_is_type(ok, json_type_boolean));
		require(json_object_get_boolean(ok) || json_object_object_get_ex(o, "error", &error));
		json_object_put(o);
	}
	return n;
}

static size_t lines(const uint8_t *data, size_t size, bool *too_long)
{
	size_t n = 0, since = 0;

	*too_long = false;
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			n++;
			since = i + 1;
		} else if (i + 1 - since >= UDRVD_LINE_MAX) {
			*too_long = true;
		}
	}
	return n;
}

static char path[64];

static void tear_down(void)
{
	char lock[80];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	udrvd_control_close(&u.control);
	unlink(lock);
	free(u.devices);
	free(configs);
	udrvd_loop_exit(&u.loop);
}

static void set_up(void)
{
	u.devices = calloc(DEVICES, sizeof(*u.devices));
	configs = calloc(DEVICES, sizeof(*configs));
	require(u.devices && configs && !udrvd_loop_init(&u.loop));
	for (size_t i = 0; i < DEVICES; i++)
		snprintf(configs[i].name, sizeof(configs[i].name), i ? "disk0" : "net0");
	u.n = DEVICES;
	client.watch.fn = take;
	client.guard.fn = guard;
	snprintf(path, sizeof(path), "/tmp/udrv-fuzz-%d", (int)getpid());
	require(!udrvd_control_open(&u.control, &u, path));
	atexit(tear_down);
}

/* Each input finds the same. */
static void begin(const uint8_t *data, size_t size)
{
	if (!u.n)
		set_up();
	page = data;
	page_size = size;
	for (size_t i = 0; i < DEVICES; i++) {
		udrvd_trace_close(&u.devices[i].trace);
		u.devices[i] = (struct udrvd_device){
			.udrvd = &u, .cfg = &configs[i], .trace.fd = -1
		};
	}
	client.len = 0;
	u.loop.stopped = false;
}

static int connect_to_udrvd(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), big = 1 << 20;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	require(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	require(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool too_long;
	size_t expected = lines(data, size, &too_long);

	if (size > 1 << 14)
		return 0;
	begin(data, size);
	client.watch.fd = connect_to_udrvd();
	require(size == 0 || send(client.watch.fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(client.watch.fd, SHUT_WR);
	require(!udrvd_watch_add(&u.loop, &client.watch, EPOLLIN));
	udrvd_timer_arm(&u.loop, &client.guard, TOO_LONG);
	require(!udrvd_loop_run(&u.loop));
	udrvd_timer_cancel(&u.loop, &client.guard);
	udrvd_watch_del(&u.loop, &client.watch);
	close(client.watch.fd);
	/* A line that is too long ends the conversation. */
	require(too_long ? check_replies() <= expected + 1 : check_replies() == expected);
	return 0;
}
