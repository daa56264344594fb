/* SPDX-License-Identifier: MIT */
/* ctl_upgrade.h - udrvctl upgrade */
#ifndef UDRVD_CTL_UPGRADE_H
#define UDRVD_CTL_UPGRADE_H

#include <stdbool.h>

/* Asks for it, and waits for its end.  An exit status. */
int ctl_upgrade(int fd, const char *name, const char *program, double seconds, bool json);

#endif /* UDRVD_CTL_UPGRADE_H */
