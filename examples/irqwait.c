// SPDX-License-Identifier: MIT
/* irqwait.c - waits for interrupts of a line with open, read and print, as Peter
 * Chubb's user-mode drivers did.  The line's devices must be bound to udrv. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

int main(int argc, char *argv[])
{
	char path[64];
	uint32_t n;
	int fd;

	if (argc < 2 || argc > 3 || !number(argv[1]) || (argc == 3 && !number(argv[2]))) {
		fprintf(stderr, "usage: irqwait IRQ [COUNT]	for example: irqwait 20 10\n");
		return 100;
	}
	snprintf(path, sizeof(path), "/proc/irq/%.9s/irq", argv[1]);
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		fprintf(stderr, "%s: %s%s\n", path, strerror(errno),
			errno == ENOENT ? " (is a device of this line bound to udrv?)" : "");
		return 111;
	}
	for (long left = argc == 3 ? atol(argv[2]) : -1; left; left--) {
		if (read(fd, &n, sizeof(n)) != sizeof(n)) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return 111;
		}
		printf("%u\n", n);
		fflush(stdout);
	}
	return 0;
}
