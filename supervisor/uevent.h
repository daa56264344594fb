/* SPDX-License-Identifier: MIT */
/* uevent.h - what the kernel says of devices that come.  Pure. */
#ifndef UDRVD_UEVENT_H
#define UDRVD_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/* A message is "ACTION@PATH", then KEY=VALUE; each of them ends with a NUL.  NULL:
 * it has no such key. */
const char *udrvd_uevent_get(const char *text, size_t len, const char *key);

/* Is this the moment to open the PCI device bdf?  When it is there, if we bind it
 * ourselves; else when somebody has bound it to udrv or vfio-pci. */
bool udrvd_uevent_comes(const char *text, size_t len, const char *bdf, bool we_bind);

/* Does this line of the kernel's log say that it waits for the device, and has
 * nobody to ask for it? */
bool udrvd_uevent_blocked(const char *line, const char *bdf);

#endif /* UDRVD_UEVENT_H */
