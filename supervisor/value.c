// SPDX-License-Identifier: MIT
/* value.c - the kinds of values in a configuration file. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* A number followed by one of the units. */
static int number(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t v;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	for (; units->name; units++) {
		if (strcmp(end, units->name) != 0)
			continue;
		return __builtin_mul_overflow(v, units->factor, out) ? -EINVAL : 0;
	}
	return -EINVAL;
}

int udrvd_value_time(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "min", 60000000000 }, { "h", 3600000000000 }, { NULL, 0 }
	};

	if (!strcmp(text, "0")) {
		*ns = 0;
		return 0;
	}
	return number(text, units, ns);
}

int udrvd_value_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 }, { "K", 1u << 10 }, { "M", 1u << 20 }, { "G", 1u << 30 }, { NULL, 0 }
	};

	return number(text, units, bytes);
}

int udrvd_value_count(const char *text, uint64_t *n)
{
	static const struct unit units[] = { { "", 1 }, { NULL, 0 } };

	return number(text, units, n);
}

int udrvd_value_name(const char *text, char *name, size_t size)
{
	size_t len = strlen(text);

	if (!len || len >= size ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != len || text[0] == '-' || text[0] == '.')
		return -EINVAL;
	strcpy(name, text);
	return 0;
}

int udrvd_value_mode(const char *text, mode_t *mode)
{
	size_t len = strlen(text);

	if (!len || len > 4 || strspn(text, "01234567") != len || (len == 4 && text[0] != '0'))
		return -EINVAL;
	*mode = (mode_t)strtoul(text, NULL, 8);
	return 0;
}

int udrvd_value_word(const char **text, char (*words)[128], unsigned int *n, unsigned int max)
{
	size_t len;

	*text += strspn(*text, " \t");
	len = strcspn(*text, " \t");
	if (!len)
		return 0;
	if (len >= sizeof(words[0]) || *n == max)
		return -EINVAL;
	memcpy(words[*n], *text, len);
	words[(*n)++][len] = '\0';
	*text += len;
	return 1;
}

bool udrvd_value_is_option(const char *text)
{
	size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return key && text[key] == '=';
}

int udrvd_value_user(const char *text, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(text);
	uint64_t n;

	if (!pw) {
		if (udrvd_value_count(text, &n) || n >= UINT32_MAX)
			return -EINVAL;
		pw = getpwuid((uid_t)n);
		*uid = (uid_t)n;
	} else {
		*uid = pw->pw_uid;
	}
	if (pw)
		*gid = pw->pw_gid;
	return 0;
}

int udrvd_value_group(const char *text, gid_t *gid)
{
	const struct group *gr = getgrnam(text);
	uint64_t n;

	if (gr) {
		*gid = gr->gr_gid;
		return 0;
	}
	if (udrvd_value_count(text, &n) || n >= UINT32_MAX)
		return -EINVAL;
	*gid = (gid_t)n;
	return 0;
}
