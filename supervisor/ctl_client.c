// SPDX-License-Identifier: MIT
/* ctl_client.c - udrvctl's end of the control socket. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl_client.h"

/* udrvd answers at once, unless it is closing a device's descriptors. */
#define PATIENCE_MS	10000
#define REPLY_MAX	(4u << 20)

static void explain(const char *path, int err)
{
	if (err == ENOENT || err == ECONNREFUSED)
		fprintf(stderr, "udrvctl: udrvd is not running (no %s)\n", path);
	else if (err == EACCES || err == EPERM)
		fprintf(stderr, "udrvctl: %s: %s (run it as the user of udrvd, mostly root)\n",
			path, strerror(err));
	else
		fprintf(stderr, "udrvctl: %s: %s\n", path, strerror(err));
}

int ctl_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		explain(path, ENAMETOOLONG);
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		explain(path, errno);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int send_line(int fd, struct json_object *request)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN |
							JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t len = strlen(text);

	/* Far less than a socket's buffer: it goes in one piece. */
	if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len ||
	    send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return 0;
}

static int read_line(int fd, char **line)
{
	size_t len = 0, size = 0;
	char *buf = NULL;
	int ret = 0;

	while (!ret && (!len || buf[len - 1] != '\n')) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (len == size) {
			char *more = size < REPLY_MAX ? realloc(buf, size + 65536) : NULL;

			if (!more) {
				ret = -ENOMEM;
				break;
			}
			buf = more;
			size += 65536;
		}
		if (poll(&p, 1, PATIENCE_MS) == 0)
			ret = -ETIMEDOUT;
		else if ((n = recv(fd, buf + len, size - len, 0)) > 0)
			len += (size_t)n;
		else if (n == 0 || errno != EINTR)
			ret = n ? -errno : -ECONNRESET;
	}
	if (ret) {
		free(buf);
		return ret;
	}
	buf[len - 1] = '\0';
	*line = buf;
	return 0;
}

/* 0, or an exit status after a word on stderr. */
static int check(struct json_object *reply)
{
	struct json_object *ok, *error;

	if (!json_object_object_get_ex(reply, "ok", &ok)) {
		fprintf(stderr, "udrvctl: udrvd's answer makes no sense\n");
		return CTL_SYSTEM;
	}
	if (json_object_get_boolean(ok))
		return CTL_OK;
	if (json_object_object_get_ex(reply, "error", &error))
		fprintf(stderr, "udrvctl: %s\n", json_object_get_string(error));
	return CTL_BAD;
}

int ctl_request(int fd, struct json_object *request, struct json_object **reply)
{
	char *line = NULL;
	int ret;

	ret = send_line(fd, request);
	json_object_put(request);
	if (!ret)
		ret = read_line(fd, &line);
	if (ret) {
		fprintf(stderr, "udrvctl: udrvd does not answer: %s\n", strerror(-ret));
		return CTL_SYSTEM;
	}
	*reply = json_tokener_parse(line);
	free(line);
	ret = check(*reply);
	if (ret) {
		json_object_put(*reply);
		*reply = NULL;
	}
	return ret;
}

struct json_object *ctl_command(const char *cmd, const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "cmd", json_object_new_string(cmd));
	if (name)
		json_object_object_add(o, "name", json_object_new_string(name));
	return o;
}
