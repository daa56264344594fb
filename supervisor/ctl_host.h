/* SPDX-License-Identifier: MIT */
/* udrvctl's commands that need no udrvd: which devices there are, and which
 * driver has them.  argv[0] is the command; the return value is udrvctl's exit
 * status: 0, 1 refused, 100 wrong usage, 111 the system failed. */
#ifndef UDRV_CTL_HOST_H
#define UDRV_CTL_HOST_H

#include <stdbool.h>

int udrvctl_list(int argc, char *argv[], bool json);
/* [--save] [--driver udrv|vfio-pci] BDF..., --saved [BDF...] */
int udrvctl_bind(int argc, char *argv[], bool json);
int udrvctl_unbind(int argc, char *argv[], bool json);	/* [--save] BDF... */

#endif /* UDRV_CTL_HOST_H */
