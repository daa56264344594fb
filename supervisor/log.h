/* SPDX-License-Identifier: MIT */
/* log.h - udrvd's own lines on stderr: "udrvd: net0: text". */
#ifndef UDRVD_LOG_H
#define UDRVD_LOG_H

#include <udrv.h>

/* name: the device it is about, or NULL. */
void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* UDRVD_LOG_H */
