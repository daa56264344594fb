// SPDX-License-Identifier: MIT
/* uevent.c - what the kernel says of devices that come. */
#include <string.h>

#include "uevent.h"

const char *udrvd_uevent_get(const char *text, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	/* A last word without its NUL is none. */
	for (const char *at = text, *end; (end = memchr(at, '\0', len)); at = end + 1) {
		len -= (size_t)(end + 1 - at);
		if (!strncmp(at, key, key_len) && at[key_len] == '=')
			return at + key_len + 1;
	}
	return NULL;
}

static bool is(const char *text, size_t len, const char *key, const char *value)
{
	const char *got = udrvd_uevent_get(text, len, key);

	return got && !strcmp(got, value);
}

bool udrvd_uevent_comes(const char *text, size_t len, const char *bdf, bool we_bind)
{
	if (!is(text, len, "SUBSYSTEM", "pci") || !is(text, len, "PCI_SLOT_NAME", bdf))
		return false;
	if (we_bind)
		return is(text, len, "ACTION", "add");
	return is(text, len, "ACTION", "bind") &&
	       (is(text, len, "DRIVER", "udrv") || is(text, len, "DRIVER", "vfio-pci"));
}

/* "4,1042,73450012,-;udrv 0000:02:00.0: No device request channel registered, blocked
 * until released by user"; the driver's name comes from the module that has it. */
bool udrvd_uevent_blocked(const char *line, const char *bdf)
{
	const char *at = strstr(line, ": No device request channel registered");
	size_t len = strlen(bdf);

	return at && (size_t)(at - line) > len && !strncmp(at - len, bdf, len) && at[-(int)len - 1] == ' ';
}
