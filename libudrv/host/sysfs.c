// SPDX-License-Identifier: MIT
/* sysfs.c - small files: read a line, write a line, follow a link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_internal.h"

const char *udrv_host_root = "";

int udrv_host_fail(struct udrv_error *err, int ret, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return ret;
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
	char path[PATH_MAX];
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
	char path[PATH_MAX], target[PATH_MAX];
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
	/* A name cut short still says "somebody"; none at all would say "nobody". */
	snprintf(name, size, "%s", slash ? slash + 1 : target);
	return 0;
}

int udrv_host_first(char *name, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	struct dirent *e;
	int ret = MAKE_PATH(path, fmt);
	DIR *d;

	if (ret)
		return ret;
	d = opendir(path);
	if (!d)
		return -errno;
	do {
		e = readdir(d);
	} while (e && e->d_name[0] == '.');
	if (!e)
		ret = -ENOENT;
	else
		snprintf(name, size, "%s", e->d_name);
	closedir(d);
	return ret;
}

static int write_file(const char *path, const char *text)
{
	int ret, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int udrv_host_write(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	int ret = MAKE_PATH(path, fmt);

	return ret ? ret : write_file(path, text);
}

/* A process of its own does the write, because neither a signal nor a time
 * limit ends it once the kernel waits. */
int udrv_host_write_within(unsigned int ms, const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	struct pollfd pfd = { .events = POLLIN };
	int status, ret = MAKE_PATH(path, fmt);
	pid_t pid;

	if (ret)
		return ret;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		/* Our descriptors may be what the kernel waits for, of this
		 * device or of another one. */
		close_range(3, ~0U, 0);
		_exit(-write_file(path, text));	/* an errno fits into a status */
	}

	pfd.fd = pidfd_open(pid, 0);
	do {
		ret = pfd.fd < 0 ? -1 : poll(&pfd, 1, (int)ms);
	} while (ret < 0 && errno == EINTR);
	ret = ret > 0 ? 0 : ret < 0 ? -errno : -ETIMEDOUT;
	if (pfd.fd >= 0)
		close(pfd.fd);
	if (ret) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		return ret;
	}
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;		/* somebody else's SIGCHLD handler got it */
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

bool udrv_host_exists(const char *fmt, ...)
{
	char path[PATH_MAX];

	return !MAKE_PATH(path, fmt) && !access(path, F_OK);
}
