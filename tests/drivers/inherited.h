/* SPDX-License-Identifier: MIT */
/* inherited.h - what udrvd gave to a driver, for those that do without libudrv. */
#ifndef TESTS_INHERITED_H
#define TESTS_INHERITED_H

#include <stdlib.h>
#include <string.h>

/* The descriptor of this name ("arena@10000+400000" is called arena); -1: there is none. */
static inline int inherited(const char *wanted)
{
	const char *name = getenv("LISTEN_FDNAMES");
	size_t len = strlen(wanted);

	for (int fd = 3; name; fd++) {
		if (!strncmp(name, wanted, len) && (!name[len] || strchr(":@", name[len])))
			return fd;
		name = strchr(name, ':');
		name += name != NULL;
	}
	return -1;
}

#endif /* TESTS_INHERITED_H */
