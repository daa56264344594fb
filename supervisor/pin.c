// SPDX-License-Identifier: MIT
/* pin.c - keep in memory what starting a driver reads. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pin.h"

/* A locked mapping keeps the pages, and the open file below it the way there
 * (its name's directory entries and the inode). */
static int pin_file(struct udrvd_pins *p, const char *path)
{
	int fd, ret = 0;
	struct stat st;
	void *va;

	if (p->n == UDRVD_PINS)
		return -ENOSPC;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		close(fd);
		return -EINVAL;
	}
	va = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (va == MAP_FAILED)
		ret = -errno;
	close(fd);
	if (!ret && mlock(va, (size_t)st.st_size)) {
		ret = -errno;
		munmap(va, (size_t)st.st_size);
	}
	if (!ret)
		p->pin[p->n++] = (struct udrvd_pin){ va, (size_t)st.st_size };
	return ret;
}

/* The path in a line of /proc/PID/maps, or NULL: anonymous, a memfd, deleted, or
 * shared, which is what data are.  "ADDRESS-ADDRESS r-xp OFFSET ...  PATH" */
static char *path_of(char *line)
{
	const char *rights = strchr(line, ' ');
	char *path = strchr(line, '/');

	if (!path || !rights || rights + 4 > path || rights[4] != 'p' || !strncmp(path, "/memfd:", 7) || strstr(path, " (deleted)"))
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	return path;
}

/* A file's mappings are neighbours in the list. */
static unsigned int pin_maps(struct udrvd_pins *p, FILE *maps)
{
	unsigned int failed = 0;
	char line[512], last[512] = "";

	while (fgets(line, sizeof(line), maps)) {
		const char *path = path_of(line);

		if (!path || !strcmp(path, last))
			continue;
		strcpy(last, path);
		failed += pin_file(p, path) != 0;
	}
	return failed;
}

unsigned int udrvd_pin(struct udrvd_pins *p, pid_t pid)
{
	unsigned int failed;
	struct stat st;
	char path[64];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st))
		return 1;
	if (p->n && st.st_dev == p->dev && st.st_ino == p->ino)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		return 1;
	udrvd_unpin(p);
	failed = pin_maps(p, maps);
	fclose(maps);
	/* What the dynamic linker looks up first; a static program has none. */
	pin_file(p, "/etc/ld.so.cache");
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return failed;
}

void udrvd_unpin(struct udrvd_pins *p)
{
	while (p->n) {
		p->n--;
		munmap(p->pin[p->n].va, p->pin[p->n].len);
	}
}

int udrvd_pin_self(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return -errno;
	/* Our children inherit it, which suits the drivers of disks. */
	return prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) ? -errno : 0;
}
