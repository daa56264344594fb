// SPDX-License-Identifier: MIT
/*
 * users.c - who would lose something if this device changed hands: an
 * interface that is up, a disk that is mounted, swapped to or part of another
 * device, a sound card that is open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_internal.h"

#define MAX_DEPTH	12	/* of a block device below its PCI device */

struct search {
	char *who;
	size_t size;
};

/* Network interfaces directly below the device, or below a virtio child. */
static void check_net(struct search *s, const char *dir, const char *name)
{
	char flags[32], ns[64];

	if (udrv_host_read(flags, sizeof(flags), "%s/%s/flags", dir, name))
		return;
	if (strtoul(flags, NULL, 16) & IFF_UP)
		snprintf(s->who, s->size, "interface %s is up", name);
	else if (!udrv_host_link(ns, sizeof(ns), "%s/%s/master", dir, name))
		snprintf(s->who, s->size, "interface %s belongs to %s", name, ns);
}

/* mountinfo's third field is major:minor, its fifth the mount point. */
static bool mounted_at(const char *majmin, char *where, size_t size)
{
	char path[512], line[4096], dev[32], point[512];
	bool found = false;
	FILE *f;

	if (udrv_host_path(path, sizeof(path), "/proc/self/mountinfo"))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %31s %*s %511s", dev, point) == 2 &&
		    !strcmp(dev, majmin)) {
			snprintf(where, size, "%s", point);
			found = true;
		}
	fclose(f);
	return found;
}

static bool swapped_to(const char *name)
{
	char path[512], line[512], file[256], want[300];
	bool found = false;
	FILE *f;

	if (udrv_host_path(path, sizeof(path), "/proc/swaps"))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	snprintf(want, sizeof(want), "/dev/%s", name);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%255s", file) == 1 && !strcmp(file, want);
	fclose(f);
	return found;
}

/* A claim with O_EXCL fails on a disk that anything holds; checked last,
 * because it says nothing about who. */
static bool held_open(const char *name)
{
	char path[512];
	int fd;

	if (udrv_host_path(path, sizeof(path), "/dev/%s", name))
		return false;
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

/* dir is the sysfs folder of a disk or a partition called name. */
static void check_block(struct search *s, const char *dir, const char *name)
{
	char majmin[32], where[512], path[1024];
	struct dirent *e;
	DIR *d;

	if (udrv_host_read(majmin, sizeof(majmin), "%s/dev", dir))
		return;
	if (mounted_at(majmin, where, sizeof(where))) {
		snprintf(s->who, s->size, "/dev/%s is mounted on %.80s", name, where);
		return;
	}
	if (swapped_to(name)) {
		snprintf(s->who, s->size, "/dev/%s is used as swap", name);
		return;
	}
	snprintf(path, sizeof(path), "%s%s/holders", udrv_host_root, dir);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(s->who, s->size, "/dev/%s is part of %s", name, e->d_name);
	if (d)
		closedir(d);
	if (!s->who[0] && held_open(name))
		snprintf(s->who, s->size, "/dev/%s is held open by somebody", name);
}

static void check_sound(struct search *s, const char *card)
{
	char path[512], status[64];
	struct dirent *e;
	DIR *d;

	if (udrv_host_path(path, sizeof(path), "/proc/asound/%s", card))
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, "pcm", 3))
			continue;
		if (!udrv_host_read(status, sizeof(status), "/proc/asound/%s/%s/sub0/status",
				    card, e->d_name) && strcmp(status, "closed"))
			snprintf(s->who, s->size, "sound %s is open (%s)", card, e->d_name);
	}
	if (d)
		closedir(d);
}

/* Partitions are folders of their disk, marked by a file "partition". */
static void check_disk(struct search *s, const char *dir, const char *name)
{
	char path[1024];
	struct dirent *e;
	DIR *d;

	check_block(s, dir, name);
	if (s->who[0] || udrv_host_path(path, sizeof(path), "%s", dir))
		return;
	d = opendir(path);
	while (d && !s->who[0] && (e = readdir(d))) {
		if (!udrv_host_exists("%s/%s/partition", dir, e->d_name))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < sizeof(path))
			check_block(s, path, e->d_name);
	}
	if (d)
		closedir(d);
}

/* What stands in a folder called net, block or sound. */
static void check_class(struct search *s, const char *class, const char *dir)
{
	char path[1024], sub[1024];
	struct dirent *e;
	DIR *d;

	if (udrv_host_path(path, sizeof(path), "%s", dir))
		return;
	d = opendir(path);
	while (d && !s->who[0] && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (!strcmp(class, "net")) {
			check_net(s, dir, e->d_name);
		} else if (!strcmp(class, "sound")) {
			check_sound(s, e->d_name);
		} else {
			if ((size_t)snprintf(sub, sizeof(sub), "%s/%s", dir, e->d_name) < sizeof(sub))
				check_disk(s, sub, e->d_name);
		}
	}
	if (d)
		closedir(d);
}

static void walk(struct search *s, const char *dir, int depth)
{
	static const char *const classes[] = { "net", "block", "sound" };
	char path[1024], sub[1024];
	struct dirent *e;
	DIR *d;

	if (depth > MAX_DEPTH || udrv_host_path(path, sizeof(path), "%s", dir))
		return;
	d = opendir(path);
	while (d && !s->who[0] && (e = readdir(d))) {
		bool class = false;

		/* Links lead out of the device's own tree. */
		if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		if ((size_t)snprintf(sub, sizeof(sub), "%s/%s", dir, e->d_name) >= sizeof(sub))
			continue;
		for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
			if (strcmp(e->d_name, classes[i]))
				continue;
			class = true;
			check_class(s, classes[i], sub);
		}
		if (!class)
			walk(s, sub, depth + 1);
	}
	if (d)
		closedir(d);
}

void udrv_host_find_user(const char *bdf, char *who, size_t size)
{
	struct search s = { who, size };
	char dir[128];

	who[0] = '\0';
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s", bdf);
	walk(&s, dir, 0);
}
