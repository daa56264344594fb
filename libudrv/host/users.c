// SPDX-License-Identifier: MIT
/*
 * users.c - who would lose something if this device changed hands: looks
 * through all that the kernel has below the device in sysfs, at any depth, so
 * that a disk behind a USB controller is found like one on an AHCI port.
 */
#include <errno.h>
#include <fts.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host_internal.h"

struct search {
	char *who;
	size_t size;
	/* Device files of the device; asked about in bulk, because finding
	 * who has them open means looking at every process. */
	struct udrv_host_node nodes[64];
	size_t n;
};

static bool search_tree(struct search *s, const char *dir, int depth);

/* dir and name of a network interface */
static bool search_net(struct search *s, const char *dir, const char *name)
{
	char text[64];

	if (!udrv_host_read(text, sizeof(text), "%s/flags", dir) &&
	    strtoul(text, NULL, 16) & IFF_UP) {
		snprintf(s->who, s->size, "interface %s is up", name);
		return true;
	}
	if (!udrv_host_link(text, sizeof(text), "%s/master", dir)) {
		snprintf(s->who, s->size, "interface %s belongs to %s", name, text);
		return true;
	}
	return false;
}

static bool search_nodes(struct search *s)
{
	bool found = s->n && udrv_host_opener(s->nodes, s->n, s->who, s->size);

	s->n = 0;
	return found;
}

static bool add_node(struct search *s, mode_t type, const char *dir)
{
	unsigned int maj, min;
	char dev[32];

	if (udrv_host_read(dev, sizeof(dev), "%s/dev", dir) ||
	    sscanf(dev, "%u:%u", &maj, &min) != 2)
		return false;
	s->nodes[s->n++] = (struct udrv_host_node){ type, makedev(maj, min) };
	return s->n == sizeof(s->nodes) / sizeof(s->nodes[0]) && search_nodes(s);
}

/* With native multipath the disk of path nvme0c1n2 is nvme0n2, elsewhere. */
static bool search_nvme_path(struct search *s, const char *name, int depth)
{
	unsigned int subsys, path, ns;
	char dir[64];

	if (sscanf(name, "nvme%uc%un%u", &subsys, &path, &ns) != 3)
		return false;
	snprintf(dir, sizeof(dir), "/sys/class/block/nvme%un%u", subsys, ns);
	return depth == 0 && search_tree(s, dir, depth + 1);
}

/* A folder of sysfs, before what is in it. */
static bool search_dir(struct search *s, const char *dir, const char *name, int depth)
{
	char text[64], where[128];

	if (udrv_host_link(text, sizeof(text), "%s/subsystem", dir)) {
		/* The folder is there for us and what is in it is not: sysfs
		 * shows the interfaces of one network namespace. */
		if (strcmp(name, "net") != 0 || udrv_host_first(text, sizeof(text), "%s", dir) != -ENOENT)
			return false;
		snprintf(s->who, s->size, "its interface is in another network namespace");
		return true;
	}
	if (!strcmp(text, "net"))
		return search_net(s, dir, name);
	if (!strcmp(text, "block"))
		return search_nvme_path(s, name, depth) ||
		       udrv_host_block_named(dir, name, s->who, s->size) ||
		       add_node(s, S_IFBLK, dir);
	if (!strcmp(text, "virtio") &&
	    !udrv_host_read(text, sizeof(text), "%s/mount_tag", dir) &&
	    udrv_host_mounted(NULL, text, where, sizeof(where))) {
		snprintf(s->who, s->size, "its file system %s is mounted on %s", text, where);
		return true;
	}
	/* The jacks of a sound card are input devices, which desktops read
	 * all; they lose nothing that they would miss. */
	if (!strcmp(text, "input") && strstr(dir, "/sound/"))
		return false;
	return add_node(s, S_IFCHR, dir);
}

static bool search_tree(struct search *s, const char *dir, int depth)
{
	char path[512], text[32];
	char *roots[] = { path, NULL };
	bool found = false;
	FTSENT *e;
	FTS *fts;

	if (udrv_host_path(path, sizeof(path), "%s", dir))
		return false;
	/* Links lead out of the device's own tree. */
	fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	while (fts && !found && (e = fts_read(fts))) {
		const char *sub = e->fts_path + strlen(udrv_host_root);

		if (e->fts_info == FTS_D)
			found = search_dir(s, sub, e->fts_name, depth);
		/* A disk after its partitions, which say more. */
		else if (e->fts_info == FTS_DP &&
			 !udrv_host_link(text, sizeof(text), "%s/subsystem", sub) &&
			 !strcmp(text, "block"))
			found = udrv_host_block_claimed(e->fts_name, s->who, s->size);
	}
	if (fts)
		fts_close(fts);
	return found;
}

void udrv_host_find_user(const struct udrv_host_info *info, char *who, size_t size)
{
	struct search s = { .who = who, .size = size };
	char dir[64];

	who[0] = '\0';
	/* Its driver may be a process: then it holds the group. */
	if (info->iommu_group >= 0) {
		snprintf(dir, sizeof(dir), "/sys/class/vfio/%d", info->iommu_group);
		add_node(&s, S_IFCHR, dir);
	}
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s", info->bdf);
	if (!search_tree(&s, dir, 0))
		search_nodes(&s);
}
