// SPDX-License-Identifier: MIT
/* notify.c - tell the supervisor how we are: sd_notify(3)'s protocol. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

static int notify_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';	/* abstract: not in the file system */

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int udrv_notify_init(struct udrv_notify *n, int fd, const char *path, const char *watchdog_usec)
{
	unsigned long long usec;
	char *end;

	*n = (struct udrv_notify){ .fd = -1 };
	if (fd < 0 && !path)
		return 0;
	if (watchdog_usec) {
		errno = 0;
		usec = strtoull(watchdog_usec, &end, 10);
		if (errno || *end || !usec || watchdog_usec[0] == '-')
			return -EINVAL;
		n->watchdog_ms = usec / 1000 ? usec / 1000 : 1;
	}
	n->fd = fd >= 0 ? fd : notify_connect(path);
	return n->fd < 0 ? n->fd : 0;
}

/* Never blocks: a supervisor that does not listen must not stop a driver. */
int udrv_notify_text(struct udrv_notify *n, const char *text)
{
	if (n->fd < 0)
		return 0;
	if (send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

void udrv_notify_exit(struct udrv_notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

int udrv_notify(struct udrv_dev *dev, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text))
		return -E2BIG;
	return udrv_notify_text(&dev->notify, text);
}
