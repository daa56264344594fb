// SPDX-License-Identifier: MIT
/*
 * log.c - udrvd's own lines on stderr, with a level first for a journal.
 *
 * Whoever reads them may stand still, and udrvd must not: a line that would have to
 * wait is lost.  O_NONBLOCK is no way to that, because it would hold for all who
 * share the descriptor, such as a shell.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define LINE	1024

static unsigned int lost;		/* lines, since the last one that was written */

/* A pipe is writable when it has room for PIPE_BUF, which nothing here is longer than. */
static bool put(const char *text, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
	       write(STDERR_FILENO, text, len) >= 0;
}

static size_t begin(char line[LINE], enum udrv_level level, const char *name)
{
	size_t at = 0;

	if (getenv("JOURNAL_STREAM"))
		at = (size_t)snprintf(line, LINE, "<%d>", (int)level);
	return at + (size_t)snprintf(line + at, LINE - at, "udrvd: %s%s", name ? name : "",
				     name ? ": " : "");
}

static bool tell_losses(void)
{
	char line[LINE];
	size_t at = begin(line, UDRV_WARN, NULL);

	at += (size_t)snprintf(line + at, LINE - at, "%u line%s lost\n", lost,
			       lost == 1 ? " was" : "s were");
	return put(line, at);
}

static unsigned int lines_in(const char *text, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n ? n : 1;
}

void udrvd_log_write(const char *text, size_t len)
{
	if (lost && tell_losses())
		lost = 0;
	if (lost || !put(text, len))
		lost += lines_in(text, len);
}

void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...)
{
	size_t size = LINE - 1;			/* room for the newline */
	char line[LINE];
	size_t at = begin(line, level, name);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + at, size - at, fmt, ap);
	va_end(ap);
	at += n < 0 ? 0 : (size_t)n;
	if (at > size - 1)
		at = size - 1;			/* it was cut */
	line[at++] = '\n';
	udrvd_log_write(line, at);
}
