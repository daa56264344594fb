// SPDX-License-Identifier: MIT
/* hosttool.c - the privileged helpers that no command calls alone, for tests/vm:
 *	hosttool memlock BYTES
 *	hosttool tap NAME [ALIAS]	prints its name and keeps it until stdin ends */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <udrv/host.h>

static int memlock(int argc, char *argv[])
{
	struct udrv_error err;

	if (argc != 2)
		return 100;
	if (!udrv_host_memlock(strtoul(argv[1], NULL, 0), &err))
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

static int tap(int argc, char *argv[])
{
	struct udrv_error err;
	char name[16];
	int fd;

	if (argc < 2 || argc > 3)
		return 100;
	snprintf(name, sizeof(name), "%s", argv[1]);
	if (udrv_host_tap(name, argv[2], &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	puts(name);
	fflush(stdout);
	while (getchar() != EOF)
		;
	close(fd);
	return 0;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(int argc, char *argv[]);
	} commands[] = {
		{ "memlock", memlock }, { "tap", tap },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "usage: hosttool memlock|tap ...\n");
	return 100;
}
