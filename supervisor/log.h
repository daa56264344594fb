/* SPDX-License-Identifier: MIT */
/* log.h - udrvd's own lines on stderr: "udrvd: net0: text". */
#ifndef UDRVD_LOG_H
#define UDRVD_LOG_H

#include <udrv.h>

/* name: the device it is about, or NULL. */
void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Text of somebody else's, PIPE_BUF at most.  It never waits: what stderr has no room for
 * is lost, and the next line that it has room for says how many there were. */
void udrvd_log_write(const char *text, size_t len);

#endif /* UDRVD_LOG_H */
