/* SPDX-License-Identifier: MIT */
/* disk.h - the whole driver: the engine's drives as block devices. */
#ifndef IDE_DISK_H
#define IDE_DISK_H

#include <udrv/blk.h>

#include "ide.h"

extern const struct udrv_driver disk_driver;

#endif /* IDE_DISK_H */
