/* SPDX-License-Identifier: MIT */
/* A made-up /sys, /proc and /dev in a temporary directory. */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/host/host_internal.h"

#define NIC	"0000:00:04.0"		/* PCI_DEVICES/NIC: e1000, IOMMU group 7 */
#define NIC_DIR	"/sys/bus/pci/devices/" NIC

/* CMocka set-up and tear-down: the tree holds NIC, and drivers e1000, udrv
 * and vfio-pci. */
int tree_setup(void **state);
int tree_teardown(void **state);

void tree_file(const char *path, const char *text);
void tree_link(const char *path, const char *target);
void tree_dir(const char *path);
void tree_remove(const char *path);
void tree_rename(const char *from, const char *to);
/* Whole content; fails the test if there is no such file. */
const char *tree_read(const char *path);
/* A PCI device; driver "" and group -1: none. */
void tree_device(const char *bdf, const char *class, const char *driver, int group);
/* A disk or partition: its folder, name, "major:minor". */
void tree_block(const char *dir, const char *majmin);

#endif /* HOST_TREE_H */
