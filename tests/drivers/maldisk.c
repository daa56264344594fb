// SPDX-License-Identifier: MIT
/*
 * maldisk.c - a driver of a disk that tries to harm others (attempt.h).
 *
 * Its rings of io_uring are unrestricted, so that operations which the filter of
 * system calls forbids are open to it here: what stops them is its cell, its user and
 * its limits.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attempt.h"
#include "inherited.h"

/* ---- files ------------------------------------------------------------------------ */

struct path {
	const char *name;
	int flags;
};

static void prep_open(struct io_uring_sqe *sqe, void *arg)
{
	const struct path *p = arg;

	io_uring_prep_openat(sqe, AT_FDCWD, p->name, p->flags, 0600);
}

static void ring_open(const char *name, int flags)
{
	judge(by_ring(0, prep_open, &(struct path){ name, flags }));
}

static void open_passwd(void) { ring_open("/etc/passwd", O_RDONLY); }
static void open_above(void) { ring_open("/../../../../proc/1/root/etc/shadow", O_RDONLY); }
static void open_vfio(void) { ring_open("/dev/vfio/vfio", O_RDWR); }
static void open_ublk(void) { ring_open("/dev/ublk-control", O_RDWR); }
static void open_mem(void) { ring_open("/dev/mem", O_RDWR); }
static void open_proc(void) { ring_open("/proc/1/environ", O_RDONLY); }
/* The C library, where stdout is; to a program that runs nobody can write. */
static void write_library(void)
{
	Dl_info lib;

	if (dladdr(stdout, &lib))
		ring_open(lib.dli_fname, O_WRONLY);
}

static void make_file(void) { ring_open("/left", O_WRONLY | O_CREAT); }

static void prep_mkdir(struct io_uring_sqe *sqe, void *arg)
{
	io_uring_prep_mkdirat(sqe, AT_FDCWD, arg, 0700);
}

static void make_directory(void)
{
	char path[] = "/dir";

	judge(by_ring(0, prep_mkdir, path));
}

static void prep_unlink(struct io_uring_sqe *sqe, void *arg)
{
	io_uring_prep_unlinkat(sqe, AT_FDCWD, arg, 0);
}

static void remove_itself(void)
{
	char path[] = "/udrv/tests/bin/maldisk";

	judge(by_ring(0, prep_unlink, path));
}

/* ---- sockets ---------------------------------------------------------------------- */

struct peer {
	int fd;
	const void *addr;
	socklen_t len;
};

static void prep_socket(struct io_uring_sqe *sqe, void *arg)
{
	const int *kind = arg;

	io_uring_prep_socket(sqe, kind[0], kind[1], 0, 0);
}

static void prep_connect(struct io_uring_sqe *sqe, void *arg)
{
	const struct peer *p = arg;

	io_uring_prep_connect(sqe, p->fd, p->addr, p->len);
}

/* Sockets themselves can be made; whom do they reach? */
static void reach(int family, int type, const void *addr, socklen_t len)
{
	int kind[] = { family, type };
	int fd = by_ring(0, prep_socket, kind);

	if (fd < 0)
		judge(fd);
	else
		judge(by_ring(0, prep_connect, &(struct peer){ fd, addr, len }));
}

static void reach_control(void)
{
	static const struct sockaddr_un addr = { AF_UNIX, "/run/udrv/control" };

	reach(AF_UNIX, SOCK_STREAM, &addr, sizeof(addr));
}

/* Its own device's socket at udrvd, of which it has a descriptor: another device's is
 * no nearer. */
static void reach_notify(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = name ? strlen(name) : 0;

	if (len < 2 || len > sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path + 1, name + 1, len - 1);
	reach(AF_UNIX, SOCK_DGRAM, &addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

static void reach_tcp(const char *text)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7) };

	inet_pton(AF_INET, text, &addr.sin_addr);
	reach(AF_INET, SOCK_STREAM, &addr, sizeof(addr));
}

static void reach_host(void) { reach_tcp("127.0.0.1"); }
static void reach_world(void) { reach_tcp("192.0.2.1"); }

static void raw_socket(void)
{
	int kind[] = { AF_PACKET, SOCK_RAW };

	judge(by_ring(0, prep_socket, kind));
}

/* ---- the rings themselves --------------------------------------------------------- */

static void other_user(void)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0) == 0)
		judge(io_uring_register_personality(&ring));
}

/* Each costs the kernel memory, which counts for its control group. */
static void many_rings(void)
{
	struct io_uring ring;
	int n = 0, ret = 0;

	while (n < 1000 && !ret) {
		ret = io_uring_queue_init(1024, &ring, 0);
		n += !ret;
	}
	outcome(n == 1000, "%d rings, then %s", n, strerrorname_np(-ret));
}

static const struct attempt attempts[] = {
	{ "open /etc/passwd", open_passwd },
	{ "open a file above its root", open_above },
	{ "open /dev/vfio/vfio", open_vfio },
	{ "open /dev/ublk-control", open_ublk },
	{ "open /dev/mem", open_mem },
	{ "open somebody's /proc", open_proc },
	{ "change a library", write_library },
	{ "make a file", make_file },
	{ "make a directory", make_directory },
	{ "remove its own program", remove_itself },
	{ "connect to udrvd's control socket", reach_control },
	{ "connect to udrvd's other sockets", reach_notify },
	{ "connect to this machine", reach_host },
	{ "connect to others", reach_world },
	{ "read all packets", raw_socket },
	{ "another user's rights", other_user },
	{ "many rings", many_rings },
};

int main(void)
{
	return make_attempts(attempts, sizeof(attempts) / sizeof(attempts[0]), NULL);
}
