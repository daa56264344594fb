// SPDX-License-Identifier: MIT
/*
 * fds.c - the descriptors our supervisor left us: LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES as in sd_listen_fds_with_names(3).  Pure.
 */
#include <errno.h>
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

	for (char *c = fds->names; *c; c++) {
		if (*c == ':') {
			*c = '\0';
			names++;
		}
	}
	if (names == fds->n)
		return 0;
	fds->n = 0;
	return -EINVAL;
}

int udrv_fds_find(const struct udrv_fds *fds, const char *name)
{
	const char *at = fds->names;

	if (!*name)
		return -ENOENT;
	for (int i = 0; i < fds->n; i++, at += strlen(at) + 1)
		if (!strcmp(at, name))
			return fds->fd[i];
	return -ENOENT;
}
