// SPDX-License-Identifier: MIT
/* users_block.c - who uses a disk: a file system, swap, another device. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host_internal.h"

/* "36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw" */
static bool line_matches(const char *line, const char *majmin, const char *source,
			 char point[512])
{
	const char *rest = strstr(line, " - ");
	char dev[32], from[512];

	if (sscanf(line, "%*s %*s %31s %*s %511s", dev, point) != 2)
		return false;
	if (majmin && !strcmp(dev, majmin))
		return true;
	/* btrfs has numbers of its own. */
	return rest && sscanf(rest, " - %*s %511s", from) == 1 && !strcmp(from, source);
}

bool udrv_host_mounted(const char *majmin, const char *source, char *where, size_t size)
{
	char path[PATH_MAX], line[4096], point[512];
	bool found = false;
	FILE *f;

	if (udrv_host_path(path, sizeof(path), "/proc/self/mountinfo"))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = line_matches(line, majmin, source, point);
	fclose(f);
	if (found)
		snprintf(where, size, "%s", point);
	return found;
}

static bool swapped_to(const char *node)
{
	char path[PATH_MAX], line[512], file[256];
	bool found = false;
	FILE *f;

	if (udrv_host_path(path, sizeof(path), "/proc/swaps"))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%255s", file) == 1 && !strcmp(file, node);
	fclose(f);
	return found;
}

/* A loop device claims nothing of the disk below it. */
static bool looped_over(const char *node, char *loop, size_t size)
{
	char path[PATH_MAX], file[256];
	bool found = false;
	struct dirent *e;
	DIR *d;

	if (udrv_host_path(path, sizeof(path), "/sys/class/block"))
		return false;
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		if (strncmp(e->d_name, "loop", 4) != 0 ||
		    udrv_host_read(file, sizeof(file), "/sys/class/block/%s/loop/backing_file",
				   e->d_name))
			continue;
		found = !strcmp(file, node);
		if (found)
			snprintf(loop, size, "%.63s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

bool udrv_host_block_named(const char *dir, const char *name, char *who, size_t size)
{
	char majmin[32], node[64], text[128];

	if (udrv_host_read(majmin, sizeof(majmin), "%s/dev", dir))
		return false;
	snprintf(node, sizeof(node), "/dev/%s", name);
	if (udrv_host_mounted(majmin, node, text, sizeof(text)))
		snprintf(who, size, "%s is mounted on %s", node, text);
	else if (swapped_to(node))
		snprintf(who, size, "%s is swapped to", node);
	else if (!udrv_host_first(text, sizeof(text), "%s/holders", dir))
		snprintf(who, size, "%s is part of %s", node, text);
	else if (looped_over(node, text, sizeof(text)))
		snprintf(who, size, "%s is the file of %s", node, text);
	else
		return false;
	return true;
}

/* The kernel's own word, which also knows of mounts in other namespaces and
 * file systems over several disks, but not who it is. */
bool udrv_host_block_claimed(const char *name, char *who, size_t size)
{
	char path[PATH_MAX];
	int fd;

	if (udrv_host_path(path, sizeof(path), "/dev/%s", name))
		return false;
	fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return false;
	}
	if (errno != EBUSY)
		return false;
	snprintf(who, size, "/dev/%s is in use, perhaps mounted in another namespace", name);
	return true;
}
