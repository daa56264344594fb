// SPDX-License-Identifier: MIT
/* sysfs.c - small files: read a line, write a line, follow a link. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host_internal.h"

const char *udrv_host_root = "";

int udrv_host_fail(struct udrv_error *err, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return ret;
}

static int vpath(char *path, size_t size, const char *fmt, va_list ap)
{
	int n = snprintf(path, size, "%s", udrv_host_root);
	int m;

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	m = vsnprintf(path + n, size - (size_t)n, fmt, ap);
	return m < 0 || (size_t)m >= size - (size_t)n ? -ENAMETOOLONG : 0;
}

/* Each of the variadic functions below begins by making its path. */
#define MAKE_PATH(path, fmt) ({						\
	va_list ap_;							\
	va_start(ap_, fmt);						\
	int ret_ = vpath(path, sizeof(path), fmt, ap_);			\
	va_end(ap_);							\
	ret_;								\
})

int udrv_host_path(char *path, size_t size, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vpath(path, size, fmt, ap);
	va_end(ap);
	return ret;
}

int udrv_host_read(char *text, size_t size, const char *fmt, ...)
{
	char path[512];
	ssize_t n;
	int fd, ret = MAKE_PATH(path, fmt);

	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	ret = n < 0 ? -errno : 0;
	close(fd);
	if (ret)
		return ret;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int udrv_host_link(char *name, size_t size, const char *fmt, ...)
{
	char path[512], target[512];
	const char *slash;
	ssize_t n;
	int ret = MAKE_PATH(path, fmt);

	if (ret)
		return ret;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	if (strlen(slash) >= size)
		return -ENAMETOOLONG;
	memcpy(name, slash, strlen(slash) + 1);
	return 0;
}

int udrv_host_write(const char *text, const char *fmt, ...)
{
	char path[512];
	int fd, ret = MAKE_PATH(path, fmt);

	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

bool udrv_host_exists(const char *fmt, ...)
{
	char path[512];

	return !MAKE_PATH(path, fmt) && !access(path, F_OK);
}
