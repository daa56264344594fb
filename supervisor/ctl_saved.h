/* SPDX-License-Identifier: MIT */
/*
 * ctl_saved.h - bindings that outlive a reboot, in the place and shape of
 * driverctl(8): /etc/driverctl.d/pci-BDF holds a driver's name.  So either
 * program's udev rule brings back what the other one saved.
 */
#ifndef UDRV_CTL_SAVED_H
#define UDRV_CTL_SAVED_H

#include <udrv/host.h>

#define UDRVCTL_SAVED	"/etc/driverctl.d"

/* All: 0 or -errno with a sentence in err.  bdf is in its long form. */
int udrvctl_save(const char *bdf, const char *driver, struct udrv_error *err);
/* None saved is success. */
int udrvctl_forget(const char *bdf, struct udrv_error *err);
/* -ENOENT: none is saved, or one that is not ours; it may hold any text. */
int udrvctl_saved(const char *bdf, char driver[32], struct udrv_error *err);

/* Calls fn for each device that a file is there for, in alphabetical order;
 * returns the worst of the results. */
int udrvctl_saved_each(int (*fn)(const char *bdf, void *arg), void *arg);

#endif /* UDRV_CTL_SAVED_H */
