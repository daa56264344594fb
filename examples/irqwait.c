// SPDX-License-Identifier: MIT
/*
 * irqwait.c - an interrupt is a file (P. Chubb, "Get more device drivers out of
 * the kernel!", 2004): open it, read it, that was an interrupt.
 *
 *	irqwait 20		one
 *	irqwait 20 1000		a thousand of them
 *
 * The file is there while a device on that line is bound to udrv; a level
 * interrupt comes again and again until somebody serves the device.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EX_WRONG_USE	100

static unsigned long number(const char *text, const char *what)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	/* strtoul takes "-1" and " 1" as well. */
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		errx(EX_WRONG_USE, "'%.40s' is no %s: a decimal number is expected", text, what);
	return n;
}

static const char *open_hint(void)
{
	switch (errno) {
	case ENOENT: return " (no device on this line is bound to udrv: see udrvctl list)";
	case EBUSY: return " (somebody has it open already)";
	case EACCES: return " (are you root?)";
	default: return "";
	}
}

int main(int argc, char *argv[])
{
	unsigned long irq, left = 1;
	uint32_t count;
	char path[64];
	int fd;

	if (argc < 2 || argc > 3)
		errx(EX_WRONG_USE, "usage: irqwait IRQ [COUNT]");
	irq = number(argv[1], "interrupt line");
	if (argc > 2)
		left = number(argv[2], "count");
	snprintf(path, sizeof(path), "/proc/irq/%lu/irq", irq);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		errx(1, "%s: %s%s", path, strerror(errno), open_hint());
	for (; left; left--) {
		if (read(fd, &count, sizeof(count)) != sizeof(count))
			errx(1, "%s: %s%s", path, strerror(errno),
			     errno == ENODEV ? " (its last device was unbound)" : "");
		printf("interrupt %lu: %" PRIu32 "\n", irq, count);
		fflush(stdout);
	}
	return 0;
}
