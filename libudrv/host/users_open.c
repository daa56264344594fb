// SPDX-License-Identifier: MIT
/* users_open.c - which process has a device file open?  Best effort: without
 * privilege other users' processes cannot be looked into. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_internal.h"

static bool is_node(const struct stat *st, const struct udrv_host_node *nodes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((st->st_mode & S_IFMT) == nodes[i].type && st->st_rdev == nodes[i].dev)
			return true;
	return false;
}

/* dir: /proc/PID/fd; file gets the name of the device file. */
static bool has_open(const char *dir, const struct udrv_host_node *nodes, size_t n,
		     char file[64])
{
	char target[64];
	bool found = false;
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(dir);

	while (d && !found && (e = readdir(d))) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

		/* Others are no device files, and asking a dead network file
		 * system about one could take for ever. */
		if (len <= 0 || strncmp(target, "/dev/", 5) != 0)
			continue;
		target[len] = '\0';
		found = !fstatat(dirfd(d), e->d_name, &st, 0) && is_node(&st, nodes, n);
		if (found)
			memcpy(file, target, sizeof(target));
	}
	if (d)
		closedir(d);
	return found;
}

bool udrv_host_opener(const struct udrv_host_node *nodes, size_t n, char *who, size_t size)
{
	char path[PATH_MAX], file[64], comm[32];
	bool found = false;
	struct dirent *e;
	DIR *d;

	if (udrv_host_path(path, sizeof(path), "/proc"))
		return false;
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) ||
		    udrv_host_path(path, sizeof(path), "/proc/%s/fd", e->d_name))
			continue;
		found = has_open(path, nodes, n, file);
		if (!found)
			continue;
		if (udrv_host_read(comm, sizeof(comm), "/proc/%s/comm", e->d_name))
			strcpy(comm, "?");
		snprintf(who, size, "%s is open in process %s (%s)", file, e->d_name, comm);
	}
	if (d)
		closedir(d);
	return found;
}
