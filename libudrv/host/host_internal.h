/* SPDX-License-Identifier: MIT */
/* What the privileged helpers share. */
#ifndef UDRV_HOST_INTERNAL_H
#define UDRV_HOST_INTERNAL_H

#include <sys/types.h>
#include <udrv/host.h>

/* "" on a real machine; a test puts a directory with a made-up /sys, /proc
 * and /dev in front of every path. */
extern const char *udrv_host_root;

/* Write a sentence for the user and return ret, so that "return fail(...)"
 * reads well.  err may be NULL. */
int udrv_host_fail(struct udrv_error *err, int ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Is this a driver that gives devices to us? */
bool udrv_host_is_ours(const char *driver);

/* The functions below take a path below the root, as printf does, last.
 * All: -ENAMETOOLONG, or -errno of the system call. */
int udrv_host_path(char *path, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* First line of a file, without its newline. */
int udrv_host_read(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Last component of a symbolic link's target, cut if it is long; -ENOENT: no such
 * link. */
int udrv_host_link(char *name, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One name from a directory; -ENOENT: it is empty, or not there. */
int udrv_host_first(char *name, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int udrv_host_write(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for a file of which a write can block for ever (unbind waits for
 * the device's last user); -ETIMEDOUT: the write goes on without us. */
int udrv_host_write_within(unsigned int ms, const char *text, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool udrv_host_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Who uses the device (users.c): a sentence in who, "" for nobody.  The parts
 * return whether they found somebody.
 */
void udrv_host_find_user(const struct udrv_host_info *info, char *who, size_t size);

/* users_block.c.  dir: the sysfs folder of the disk or partition /dev/name. */
bool udrv_host_block_named(const char *dir, const char *name, char *who, size_t size);
bool udrv_host_block_claimed(const char *name, char *who, size_t size);
/* Something is mounted: by "major:minor" or by the name of its source. */
bool udrv_host_mounted(const char *majmin, const char *source, char *where, size_t size);

/* users_open.c: which process has one of these device files open? */
struct udrv_host_node {
	mode_t type;			/* S_IFBLK or S_IFCHR */
	dev_t dev;
};
bool udrv_host_opener(const struct udrv_host_node *nodes, size_t n, char *who, size_t size);

int udrv_host_bus_master_off(int device);

/* open_iommufd.c.  Is the device to be opened through an iommufd?  Yes where
 * the kernel has it, unless UDRV_IOMMU says otherwise. */
int udrv_host_iommufd(const struct udrv_host_info *i, bool *use, struct udrv_error *err);
int udrv_host_open_iommufd(const struct udrv_host_info *i, struct udrv_host_vfio *v,
			   struct udrv_error *err);

#endif /* UDRV_HOST_INTERNAL_H */
