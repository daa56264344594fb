// SPDX-License-Identifier: MIT
/*
 * memfd.c - the descriptors of the supervisor's that are memory.  Their size is
 * sealed, so that an application that shrinks one cannot kill us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snd_internal.h"

#define RING_MAX	(16u << 20)

const char *const udrv_snd_names[UDRV_SND_DIRS] = { "playback", "capture" };

int udrv_snd_bell(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-bell", udrv_snd_names[dir]);
	return udrv_fd(dev, name);
}

int udrv_snd_memfd_check(struct udrv_dev *dev, int fd, const char *name, size_t *len)
{
	struct stat st;
	int seals;

	if (fstat(fd, &st))
		return -errno;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK)) {
		udrv_log(dev, UDRV_ERR, "descriptor '%s' must be a memfd sealed against shrinking",
			 name);
		return -EINVAL;
	}
	if (st.st_size % UDRV_SND_PAGE_SIZE || st.st_size < UDRV_SND_PAGE_SIZE ||
	    st.st_size > RING_MAX + UDRV_SND_PAGE_SIZE) {
		udrv_log(dev, UDRV_ERR, "descriptor '%s' has %lld bytes: expected whole pages, at most %u and one page",
			 name, (long long)st.st_size, RING_MAX);
		return -EINVAL;
	}
	*len = (size_t)st.st_size;
	return 0;
}

/* Under the numbers that udrv_fd() knows: whoever looks for them finds the new ones. */
int udrv_snd_share_replace(enum udrv_snd_dir dir, struct udrv_dev *dev, int memory, int bell)
{
	int old_memory = udrv_fd(dev, udrv_snd_names[dir]), old_bell = udrv_snd_bell(dev, dir);
	int ret = old_memory < 0 || old_bell < 0 ? -ENOENT : 0;

	if (!ret && (dup3(memory, old_memory, O_CLOEXEC) < 0 ||
		     dup3(bell, old_bell, O_CLOEXEC) < 0))
		ret = -errno;
	close(memory);
	close(bell);
	return ret;
}

/* Without a mapping, which costs time that the engine stands still. */
uint64_t udrv_snd_written(struct udrv_dev *dev, enum udrv_snd_dir dir)
{
	const struct udrv_snd_stream_state *state = udrv_snd_running(dev, dir);
	int fd = udrv_fd(dev, udrv_snd_names[dir]);
	struct udrv_snd_app app;

	if (!state || fd < 0 || pread(fd, &app, sizeof(app), offsetof(struct udrv_snd_page, app)) !=
	    sizeof(app) || app.gen != state->gen || app.appl - state->hw > state->params.frames)
		return 0;
	return app.appl;
}
