// SPDX-License-Identifier: MIT
/*
 * fds.c - the descriptors our supervisor left us: LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES as in sd_listen_fds_with_names(3).  Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */

static int parse_uint(const char *text, long max, int *out)
{
	char *end;
	long v;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || *end || v > max)
		return -EINVAL;
	*out = (int)v;
	return 0;
}

int udrv_fds_parse(struct udrv_fds *fds, const char *listen_pid, const char *listen_fds,
		   const char *listen_fdnames, int pid)
{
	int want, n;

	memset(fds, 0, sizeof(*fds));
	if (!listen_pid || !listen_fds)
		return 0;
	if (parse_uint(listen_pid, 0x7fffffff, &want))
		return -EINVAL;
	/* Meant for somebody else, say the shell that started us. */
	if (want != pid)
		return 0;
	if (parse_uint(listen_fds, UDRV_FDS, &n) || n == 0)
		return -EINVAL;
	if (!listen_fdnames || strlen(listen_fdnames) >= sizeof(fds->names))
		return -EINVAL;

	strcpy(fds->names, listen_fdnames);
	fds->n = n;
	for (int i = 0; i < n; i++)
		fds->fd[i] = FIRST_FD + i;
	return udrv_fds_split(fds) ? -EINVAL : 1;
}

int udrv_fds_split(struct udrv_fds *fds)
{
	int names = 1;

	fds->at[0] = 0;
	for (char *c = fds->names; *c; c++) {
		if (*c != ':')
			continue;
		*c = '\0';
		if (names < UDRV_FDS)
			fds->at[names] = (uint16_t)(c + 1 - fds->names);
		names++;
	}
	if (names == fds->n)
		return 0;
	fds->n = 0;
	return -EINVAL;
}

/* What is behind the '@' of a name says how it stands with the descriptor. */
static int index_of(const struct udrv_fds *fds, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; len && i < fds->n; i++) {
		const char *at = fds->names + fds->at[i];

		if (strcspn(at, "@") == len && !strncmp(at, name, len))
			return i;
	}
	return -ENOENT;
}

int udrv_fds_find(const struct udrv_fds *fds, const char *name)
{
	int i = index_of(fds, name);

	return i < 0 ? i : fds->fd[i];
}

int udrv_fds_mapped_nth(const struct udrv_fds *fds, int i, uint64_t *iova, uint64_t *len)
{
	const char *text = strchr(fds->names + fds->at[i], '@');
	unsigned long long at, n;
	char plus, rest;

	if (!text || sscanf(text + 1, "%llx%c%llx%c", &at, &plus, &n, &rest) != 3 || plus != '+')
		return -ENOENT;
	if (!n || at + n < at)
		return -ENOENT;
	*iova = at;
	*len = n;
	return 0;
}

int udrv_fds_mapped(const struct udrv_fds *fds, const char *name, uint64_t *iova, uint64_t *len)
{
	int i = index_of(fds, name);

	return i < 0 ? i : udrv_fds_mapped_nth(fds, i, iova, len);
}

bool udrv_fds_is(const struct udrv_fds *fds, const char *name, const char *word)
{
	int i = index_of(fds, name);
	const char *text = i < 0 ? NULL : strchr(fds->names + fds->at[i], '@');

	return text && !strcmp(text + 1, word);
}
