// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_tree.h"

static char root[PATH_MAX];

static void real_path(char out[PATH_MAX], const char *path)
{
	assert_true(snprintf(out, PATH_MAX, "%s%s", root, path) < PATH_MAX);
}

/* All folders above path. */
static void make_parents(char *path)
{
	for (char *s = strchr(path + strlen(root) + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			fail_msg("mkdir %s: %s", path, strerror(errno));
		*s = '/';
	}
}

void tree_file(const char *path, const char *text)
{
	char real[PATH_MAX];
	FILE *f;

	real_path(real, path);
	make_parents(real);
	f = fopen(real, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

void tree_link(const char *path, const char *target)
{
	char real[PATH_MAX];

	real_path(real, path);
	make_parents(real);
	assert_int_equal(symlink(target, real), 0);
}

void tree_dir(const char *path)
{
	char real[PATH_MAX];

	real_path(real, path);
	make_parents(real);
	if (mkdir(real, 0700) && errno != EEXIST)
		fail_msg("mkdir %s: %s", real, strerror(errno));
}

void tree_remove(const char *path)
{
	char real[PATH_MAX];

	real_path(real, path);
	assert_int_equal(unlink(real), 0);
}

void tree_rename(const char *from, const char *to)
{
	char real[PATH_MAX], other[PATH_MAX];

	real_path(real, from);
	real_path(other, to);
	assert_int_equal(rename(real, other), 0);
}

const char *tree_read(const char *path)
{
	static char text[256];
	char real[PATH_MAX];
	ssize_t n;
	int fd;

	real_path(real, path);
	fd = open(real, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

void tree_device(const char *bdf, const char *class, const char *driver, int group)
{
	char path[256], target[256];

#define IN_DEVICE(file) (snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file), path)
	tree_file(IN_DEVICE("vendor"), "0x8086\n");
	tree_file(IN_DEVICE("device"), "0x100e\n");
	tree_file(IN_DEVICE("class"), class);
	tree_file(IN_DEVICE("driver_override"), "(null)\n");
	tree_link(IN_DEVICE("subsystem"), "../../../bus/pci");
	if (driver[0]) {
		snprintf(target, sizeof(target), "../../drivers/%s", driver);
		tree_link(IN_DEVICE("driver"), target);
	}
	if (group >= 0) {
		snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
		tree_link(IN_DEVICE("iommu_group"), target);
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", group, bdf);
		snprintf(target, sizeof(target), "../../../../bus/pci/devices/%s", bdf);
		tree_link(path, target);
	}
}

void tree_block(const char *dir, const char *majmin)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/dev", dir);
	tree_file(path, majmin);
	snprintf(path, sizeof(path), "%s/subsystem", dir);
	tree_link(path, "/sys/class/block");
}

int tree_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/udrv-host-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return -1;
	udrv_host_root = root;
	tree_file("/sys/bus/pci/drivers_probe", "");
	tree_file("/sys/bus/pci/drivers/e1000/unbind", "");
	tree_file("/sys/bus/pci/drivers/udrv/unbind", "");
	tree_file("/sys/bus/pci/drivers/vfio-pci/unbind", "");
	tree_file("/proc/self/mountinfo", "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n");
	tree_device(NIC, "0x020000\n", "e1000", 7);
	return 0;
}

int tree_teardown(void **state)
{
	char command[PATH_MAX + 16];

	udrv_host_root = "";
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command); /* NOLINT: our own folder's name */
}
