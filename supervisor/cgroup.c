// SPDX-License-Identifier: MIT
/* cgroup.c - how much a device's drivers get, by control groups. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroup.h"
#include "log.h"

#define CONTROLLERS	"+memory +pids"
/* What udrvd itself is in, because a group with others below it can hold no process. */
#define OWN		".udrvd"
#define REMOVE_TRIES	20		/* 5 ms apart */

static struct {
	int dir;			/* where the devices' groups are; -1 */
	int parent;			/* "udrv" is to be removed there; -1 */
} cgroups = { -1, -1 };

__attribute__((format(printf, 3, 4)))
static int put(int dir, const char *file, const char *fmt, ...)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC), len, ret = 0;
	char text[64];
	va_list ap;

	if (fd < 0)
		return -errno;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (write(fd, text, (size_t)len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

/* Where cgroup2 is mounted: "36 25 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw" */
static int open_root(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024], root[256], path[512];
	int fd = -1;

	errno = ENOENT;
	while (fd < 0 && f && fgets(line, sizeof(line), f))
		if (strstr(line, " - cgroup2 ") &&
		    sscanf(line, "%*s %*s %*s %255s %511s", root, path) == 2)
			fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (f)
		fclose(f);
	return fd < 0 ? -errno : fd;
}

/* Our own group: "0::/system.slice/udrvd.service" */
static int open_own(int root)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[1024];
	int fd = -1;

	while (fd < 0 && f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::/", 4))
			fd = openat(root, line[4] ? line + 4 : ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	}
	if (f)
		fclose(f);
	return fd;
}

/* systemd's Delegate=yes */
static bool is_delegated(int dir)
{
	char c;

	return (fgetxattr(dir, "trusted.delegate", &c, 1) == 1 ||
		fgetxattr(dir, "user.delegate", &c, 1) == 1) && c == '1';
}

static int make(int parent, const char *name)
{
	int fd;

	if (mkdirat(parent, name, 0755) && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* We leave it for one of our own below it; what else lives in it is in the way. */
static int take_over(int dir)
{
	int own = make(dir, OWN), ret;

	if (own < 0)
		return own;
	ret = put(own, "cgroup.procs", "0");
	close(own);
	return ret ? ret : put(dir, "cgroup.subtree_control", CONTROLLERS);
}

static int below_root(int root)
{
	int dir, ret = put(root, "cgroup.subtree_control", CONTROLLERS);

	if (ret)
		return ret;
	dir = make(root, "udrv");
	if (dir < 0)
		return dir;
	ret = put(dir, "cgroup.subtree_control", CONTROLLERS);
	if (ret) {
		close(dir);
		return ret;
	}
	cgroups.dir = dir;
	cgroups.parent = dup(root);
	return 0;
}

int udrvd_cgroups_init(char *why, int size)
{
	int root = open_root(), own, ret;

	if (root < 0) {
		snprintf(why, (size_t)size, "no cgroup2 file system: %s", strerror(-root));
		return root;
	}
	own = open_own(root);
	if (own >= 0 && is_delegated(own)) {
		ret = take_over(own);
		if (!ret)
			cgroups.dir = own;
	} else {
		ret = below_root(root);
	}
	if (ret)
		snprintf(why, (size_t)size, "cgroup2 with the controllers memory and pids: %s",
			 strerror(-ret));
	if (own >= 0 && own != cgroups.dir)
		close(own);
	close(root);
	return ret;
}

/* A group is busy until its last process has ended, which on a loaded machine is
 * a little after it has been reaped. */
static void remove_group(int parent, const char *name)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (!unlinkat(parent, name, AT_REMOVEDIR) || errno != EBUSY)
			return;
		udrv_usleep(5000);
	}
	udrvd_log(UDRV_WARN, name, "its control group is still in use: left");
}

void udrvd_cgroups_exit(void)
{
	if (cgroups.dir >= 0)
		close(cgroups.dir);
	if (cgroups.parent >= 0) {
		/* Another udrvd may still be there: then it is not ours to wait. */
		unlinkat(cgroups.parent, "udrv", AT_REMOVEDIR);
		close(cgroups.parent);
	}
	cgroups.dir = cgroups.parent = -1;
}

/* "oom_kill N" in memory.events */
static uint64_t oom_kills(int dir)
{
	int fd = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
	char text[512] = "", *at;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	at = strstr(text, "oom_kill ");
	return at ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

int udrvd_cgroup_open(struct udrvd_cgroup *g, const char *name, uint64_t memory, unsigned int tasks)
{
	int ret;

	*g = UDRVD_NO_CGROUP;
	if (cgroups.dir < 0)
		return -EOPNOTSUPP;
	snprintf(g->name, sizeof(g->name), "%s", name);
	g->dir = make(cgroups.dir, name);
	if (g->dir < 0)
		return g->dir;
	ret = put(g->dir, "memory.max", "%" PRIu64, memory);
	if (!ret)
		ret = put(g->dir, "pids.max", "%u", tasks);
	/* Without swap there is no such file. */
	(void)put(g->dir, "memory.swap.max", "0");
	if (ret)
		udrvd_cgroup_close(g);
	else
		g->oom = oom_kills(g->dir);
	return ret;
}

bool udrvd_cgroup_oom(struct udrvd_cgroup *g)
{
	uint64_t before = g->oom;

	if (g->dir < 0)
		return false;
	g->oom = oom_kills(g->dir);
	return g->oom != before;
}

void udrvd_cgroup_close(struct udrvd_cgroup *g)
{
	if (g->dir < 0)
		return;
	close(g->dir);
	if (cgroups.dir >= 0)
		remove_group(cgroups.dir, g->name);
	*g = UDRVD_NO_CGROUP;
}
