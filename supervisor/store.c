// SPDX-License-Identifier: MIT
/* store.c - descriptors that outlive udrvd. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "store.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */
#define STORED		256	/* more than that are not ours */

static struct {
	int n;
	char *name[STORED];	/* NULL: taken */
} store;

void udrvd_store_init(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	long n = fds ? strtol(fds, NULL, 10) : 0;

	if (!pid || strtol(pid, NULL, 10) != getpid() || !names || n < 1 || n > STORED)
		return;
	for (; store.n < n; store.n++) {
		size_t len = strcspn(names, ":");

		store.name[store.n] = strndup(names, len);
		names += len + (names[len] == ':');
		if (fcntl(FIRST_FD + store.n, F_SETFD, FD_CLOEXEC) < 0)
			udrvd_log(UDRV_WARN, NULL, "LISTEN_FDS=%ld, but there is no descriptor %d",
				  n, FIRST_FD + store.n);
	}
}

int udrvd_store_take(const char *kind, const char *device)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", kind, device);
	for (int i = 0; i < store.n; i++) {
		if (!store.name[i] || strcmp(store.name[i], name) != 0)
			continue;
		free(store.name[i]);
		store.name[i] = NULL;
		return FIRST_FD + i;
	}
	return -1;
}

/* fd -1: without one */
static int tell(const char *path, const char *text, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = {
		.msg_name = &addr, .msg_iov = &iov, .msg_iovlen = 1,
	};
	size_t len = strlen(path);
	int to, ret;

	if (len < 2 || len >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	msg.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0)
		return -errno;
	ret = sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	close(to);
	return ret;
}

void udrvd_store_put(const char *kind, const char *device, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char text[128];
	int ret;

	if (!path)
		return;
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s-%s", kind, device);
	ret = tell(path, text, fd);
	if (ret)
		udrvd_log(UDRV_WARN, device, "its %s will not outlive udrvd: NOTIFY_SOCKET: %s",
			  kind, strerror(-ret));
}

void udrvd_store_forget(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char text[128];

	for (int i = 0; i < store.n; i++) {
		if (!store.name[i])
			continue;
		snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%.64s", store.name[i]);
		if (path)
			(void)tell(path, text, -1);
		free(store.name[i]);
		store.name[i] = NULL;
		close(FIRST_FD + i);
	}
}
