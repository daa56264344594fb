// SPDX-License-Identifier: MIT
/* log.c - udrvd's own lines on stderr, with a level first for a journal. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...)
{
	char line[1024];
	size_t size = sizeof(line) - 1;		/* room for the newline */
	size_t at = 0;
	va_list ap;
	int n;

	if (getenv("JOURNAL_STREAM"))
		at += (size_t)snprintf(line + at, size - at, "<%d>", (int)level);
	at += (size_t)snprintf(line + at, size - at, "udrvd: %s%s", name ? name : "",
			       name ? ": " : "");
	va_start(ap, fmt);
	n = vsnprintf(line + at, size - at, fmt, ap);
	va_end(ap);
	at += n < 0 ? 0 : (size_t)n;
	if (at > size - 1)
		at = size - 1;			/* it was cut */
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return;				/* there is nobody left to tell */
}
