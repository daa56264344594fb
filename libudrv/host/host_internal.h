/* SPDX-License-Identifier: MIT */
/* host_internal.h - what the privileged helpers share. */
#ifndef UDRV_HOST_INTERNAL_H
#define UDRV_HOST_INTERNAL_H

#include <udrv/host.h>

/* "" on a real machine; a test puts a directory with a made-up /sys, /proc
 * in front of every path. */
extern const char *udrv_host_root;

/* Write a sentence for the user and return ret, so that "return fail(...)"
 * reads well. */
int udrv_host_fail(struct udrv_error *err, int ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Path below the root; fmt as in printf.  -ENAMETOOLONG */
int udrv_host_path(char *path, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* First line of a file, without its newline. */
int udrv_host_read(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Last component of a symbolic link's target; -ENOENT: no such link. */
int udrv_host_link(char *name, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int udrv_host_write(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool udrv_host_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Who uses the device: a sentence in who, "" for nobody. */
void udrv_host_find_user(const char *bdf, char *who, size_t size);

#endif /* UDRV_HOST_INTERNAL_H */
