// SPDX-License-Identifier: MIT
/* log.c - lines to stderr: "e1000 0000:00:04.0: text", "<N>" first for a journal. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

static int log_level(void)
{
	const char *env = getenv("UDRV_LOG");

	if (env && env[0] >= '0' && env[0] <= '7' && !env[1])
		return env[0] - '0';
	return UDRV_INFO;
}

void udrv_log(const struct udrv_dev *dev, enum udrv_level lvl, const char *fmt, ...)
{
	char line[1024];
	size_t size = sizeof(line) - 1;	/* room for the newline */
	size_t at = 0;
	va_list ap;
	int n;

	if ((int)lvl > log_level())
		return;
	if (getenv("NOTIFY_SOCKET"))
		at += (size_t)snprintf(line + at, size - at, "<%d>", (int)lvl);
	if (dev)
		at += (size_t)snprintf(line + at, size - at, "%s %s: ", dev->drv->name, dev->name);
	va_start(ap, fmt);
	n = vsnprintf(line + at, size - at, fmt, ap);
	va_end(ap);
	at += n < 0 ? 0 : (size_t)n;
	if (at > size - 1)
		at = size - 1;		/* it was cut */
	line[at++] = '\n';

	/* One write: lines of several processes do not mix.  If stderr is
	 * gone there is nobody left to tell. */
	if (write(STDERR_FILENO, line, at) < 0)
		return;
}
