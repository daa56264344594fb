// SPDX-License-Identifier: MIT
/* client.c - getting a stream from udrvd, and talking to whatever driver there
 * is just now. */
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* A driver may be about to be restarted; longer than a back-off is not waited. */
#define PATIENCE_MS	10000
#define NAP_MS		5
/* udrvd answers at once, unless a crowd of others made us leave: then again. */
#define ANSWER_MS	2000
#define TRIES		40

int client_socket(const char *name, char *path, size_t size)
{
	glob_t found = { 0 };
	int n;

	if (!*name) {
		if (glob(UDRV_SND_DIR "/*.snd", 0, NULL, &found))
			return -ENODEV;
		n = snprintf(path, size, "%s", found.gl_pathv[0]);
		globfree(&found);
	} else if (*name == '/') {
		n = snprintf(path, size, "%s", name);
	} else {
		n = snprintf(path, size, UDRV_SND_DIR "/%s.snd", name);
	}
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* ---- the supervisor ---------------------------------------------------------- */

static int take_answer(int fd, int *fds, unsigned int n_fds)
{
	struct udrv_snd_answer text = { 0 };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { &text, sizeof(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	if (poll(&p, 1, ANSWER_MS) != 1)
		return -ETIMEDOUT;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	if (n != sizeof(text) || text.magic != UDRV_SND_MAGIC)
		return -EPROTO;
	if (text.error)
		return text.error < 0 ? text.error : -EPROTO;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(n_fds * sizeof(int)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
	return 0;
}

static int ask(int fd, const struct sockaddr_un *addr, uint32_t what, int *fds, unsigned int n)
{
	struct udrv_snd_request request = { UDRV_SND_MAGIC, what };

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return errno == ENOENT || errno == ECONNREFUSED ? -ENODEV : -errno;
	if (send(fd, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return -errno;
	return take_answer(fd, fds, n);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000l }, NULL);
}

int client_lease(const char *path, uint32_t what, int *fds, unsigned int n)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int ret = -ENAMETOOLONG;

	if (strlen(path) >= sizeof(addr.sun_path))
		return ret;
	strcpy(addr.sun_path, path);
	for (int i = 0; i < TRIES; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		ret = ask(fd, &addr, what, fds, n);
		if (!ret)
			return fd;
		close(fd);
		/* EAGAIN: the driver is busy with those before us. */
		if (ret != -ECONNRESET && ret != -EPIPE && ret != -EAGAIN)
			break;
		nap();
	}
	return ret;
}

/* ---- the memory ---------------------------------------------------------------- */

int client_wait_magic(const uint32_t *magic)
{
	for (int ms = 0; __atomic_load_n(magic, __ATOMIC_ACQUIRE) != UDRV_SND_MAGIC; ms += NAP_MS) {
		if (ms >= PATIENCE_MS)
			return -ETIMEDOUT;
		nap();
	}
	return 0;
}

static int take_caps(struct client *c)
{
	int ret = client_wait_magic(&c->page->magic);

	if (ret)
		return ret;
	c->caps = c->page->caps;
	return c->caps.formats ? 0 : -ENODEV;
}

static int map(struct client *c, int fd)
{
	struct stat st;
	void *va;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 2 * UDRV_SND_PAGE_SIZE)
		return -EPROTO;
	va = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (va == MAP_FAILED)
		return -errno;
	c->page = va;
	c->ring = (char *)va + UDRV_SND_PAGE_SIZE;
	c->ring_len = (size_t)st.st_size - UDRV_SND_PAGE_SIZE;
	return 0;
}

int client_open(struct client *c, const char *path, enum udrv_snd_dir dir)
{
	int fds[2] = { -1, -1 }, ret;

	*c = (struct client){ .bell = -1 };
	c->lease = client_lease(path, dir, fds, 2);
	if (c->lease < 0)
		return c->lease;
	c->bell = fds[1];
	ret = map(c, fds[0]);
	close(fds[0]);
	if (!ret)
		ret = take_caps(c);
	if (ret)
		client_close(c);
	return ret;
}

void client_close(struct client *c)
{
	if (c->gen)
		client_want(c, UDRV_SND_IDLE);
	if (c->page)
		munmap(c->page, UDRV_SND_PAGE_SIZE + c->ring_len);
	if (c->bell >= 0)
		close(c->bell);
	close(c->lease);
}

/* ---- the driver ------------------------------------------------------------------ */

void client_ring(struct client *c)
{
	/* A bell that is full rings anyway; one without a driver is noticed later. */
	(void)send(c->bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int client_heard(struct client *c)
{
	char rings[512];
	ssize_t n = recv(c->bell, rings, sizeof(rings), MSG_DONTWAIT);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return -ENODEV;
}

void client_wait(struct client *c, int ms)
{
	struct pollfd p = { .fd = c->bell, .events = POLLIN };

	poll(&p, 1, ms);
}

void client_want(struct client *c, enum udrv_snd_want want)
{
	__atomic_store_n(&c->page->app.want, want, __ATOMIC_RELEASE);
	client_ring(c);
}

void client_appl(struct client *c, uint64_t frame)
{
	/* After the data, for whoever sees it. */
	__atomic_store_n(&c->page->app.appl, frame, __ATOMIC_RELEASE);
}

struct client_view client_view(const struct client *c)
{
	const struct udrv_snd_drv *drv = &c->page->drv;

	if (!c->gen || __atomic_load_n(&drv->gen, __ATOMIC_ACQUIRE) != c->gen)
		return (struct client_view){ 0 };
	return (struct client_view){
		.is = __atomic_load_n(&drv->is, __ATOMIC_ACQUIRE),
		.hw = __atomic_load_n(&drv->hw, __ATOMIC_RELAXED),
		.hw_ns = __atomic_load_n(&drv->hw_ns, __ATOMIC_RELAXED),
		.xruns = __atomic_load_n(&drv->xruns, __ATOMIC_RELAXED),
	};
}

int client_prepare(struct client *c, const struct udrv_snd_params *params)
{
	struct udrv_snd_app *app = &c->page->app;
	uint32_t gen = __atomic_load_n(&c->page->drv.gen, __ATOMIC_RELAXED) + 1;

	__atomic_store_n(&app->want, UDRV_SND_IDLE, __ATOMIC_RELEASE);
	app->params = c->params = *params;
	app->appl = 0;
	c->gen = gen ? gen : 1;
	__atomic_store_n(&app->gen, c->gen, __ATOMIC_RELEASE);
	client_ring(c);
	/* The last stream's engine may still be running; data come after that. */
	for (int ms = 0; ms < PATIENCE_MS; ms += NAP_MS) {
		uint32_t is = client_view(c).is;

		if (is == UDRV_SND_REFUSED)
			return -EINVAL;
		if (is == UDRV_SND_READY)
			return 0;
		if (client_heard(c))
			return -ENODEV;
		if (client_view(c).is == UDRV_SND_OFF)
			client_wait(c, NAP_MS);
	}
	return -ETIMEDOUT;
}
