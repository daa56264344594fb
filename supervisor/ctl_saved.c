// SPDX-License-Identifier: MIT
/* ctl_saved.c - bindings that outlive a reboot. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_saved.h"

#define PREFIX	"pci-"

__attribute__((format(printf, 3, 4)))
static int fail(struct udrv_error *err, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return ret;
}

static void path_of(const char *bdf, char *path, size_t size)
{
	snprintf(path, size, UDRVCTL_SAVED "/" PREFIX "%s", bdf);
}

int udrvctl_save(const char *bdf, const char *driver, struct udrv_error *err)
{
	char path[64], tmp[80];
	FILE *f;

	path_of(bdf, path, sizeof(path));
	/* udev and driverctl look for "pci-..." only: this name is nobody's. */
	snprintf(tmp, sizeof(tmp), UDRVCTL_SAVED "/.udrv-%s", bdf);
	if (mkdir(UDRVCTL_SAVED, 0755) && errno != EEXIST)
		return fail(err, -errno, "%s: %s", UDRVCTL_SAVED, strerror(errno));
	f = fopen(tmp, "we");
	if (!f)
		return fail(err, -errno, "%s: %s", tmp, strerror(errno));
	fprintf(f, "%s\n", driver);
	/* A power failure must leave the old or the new one. */
	if (fflush(f) || fsync(fileno(f)) || rename(tmp, path)) {
		int ret = fail(err, -errno, "%s: %s", path, strerror(errno));

		fclose(f);
		unlink(tmp);
		return ret;
	}
	fclose(f);
	return 0;
}

int udrvctl_forget(const char *bdf, struct udrv_error *err)
{
	char path[64];

	path_of(bdf, path, sizeof(path));
	if (unlink(path) && errno != ENOENT)
		return fail(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int udrvctl_saved(const char *bdf, char driver[32], struct udrv_error *err)
{
	char path[64];
	FILE *f;

	path_of(bdf, path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!fgets(driver, 32, f))
		driver[0] = '\0';
	fclose(f);
	driver[strcspn(driver, "\n")] = '\0';
	if (strcmp(driver, "udrv") != 0 && strcmp(driver, "vfio-pci") != 0)
		return fail(err, -ENOENT, "%s: '%s' is not for us (expected udrv or vfio-pci)", path,
			    driver);
	return 0;
}

static int is_saved(const struct dirent *e)
{
	char bdf[UDRV_BDF_LEN];

	return !strncmp(e->d_name, PREFIX, strlen(PREFIX)) &&
	       !udrv_host_bdf(e->d_name + strlen(PREFIX), bdf, NULL);
}

int udrvctl_saved_each(int (*fn)(const char *bdf, void *arg), void *arg)
{
	struct dirent **list;
	int n = scandir(UDRVCTL_SAVED, &list, is_saved, alphasort), worst = 0;

	if (n < 0)
		return 0;		/* nothing was ever saved */
	for (int i = 0; i < n; i++) {
		int ret = fn(list[i]->d_name + strlen(PREFIX), arg);

		if (ret > worst)
			worst = ret;
		free(list[i]);
	}
	free(list);
	return worst;
}
