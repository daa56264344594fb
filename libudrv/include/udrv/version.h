/* SPDX-License-Identifier: MIT */
#ifndef UDRV_VERSION_H
#define UDRV_VERSION_H

#define UDRV_VERSION_MAJOR	0
#define UDRV_VERSION_MINOR	1

#define UDRV_API __attribute__((visibility("default")))

#endif /* UDRV_VERSION_H */
