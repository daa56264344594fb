// SPDX-License-Identifier: MIT
/*
 * share.c - a stream's memfd: page and ring.  Its size is sealed, so that an
 * application that shrinks it cannot kill us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snd_internal.h"

#define RING_MAX	(16u << 20)

static const char *const names[UDRV_SND_DIRS] = { "playback", "capture" };

static int named_fd(struct udrv_dev *dev, const char *stream, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-%s", stream, what);
	return udrv_fd(dev, name);
}

/* Without a supervisor nobody shares it; the engine runs all the same. */
static int open_private(struct udrv_snd_stream *s, struct udrv_dev *dev)
{
	s->share.page = aligned_alloc(UDRV_SND_PAGE_SIZE, UDRV_SND_PAGE_SIZE);
	if (!s->share.page)
		return -ENOMEM;
	memset(s->share.page, 0, UDRV_SND_PAGE_SIZE);
	return udrv_dma_alloc(dev, UDRV_SND_RING_SIZE, &s->ring);
}

static int check_memfd(struct udrv_dev *dev, int fd, const char *name, size_t *len)
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
	if (st.st_size % UDRV_SND_PAGE_SIZE || st.st_size < 2 * UDRV_SND_PAGE_SIZE ||
	    st.st_size > RING_MAX + UDRV_SND_PAGE_SIZE) {
		udrv_log(dev, UDRV_ERR, "descriptor '%s' has %lld bytes: expected whole pages, at most %u and one page",
			 name, (long long)st.st_size, RING_MAX);
		return -EINVAL;
	}
	*len = (size_t)st.st_size;
	return 0;
}

static int open_memfd(struct udrv_snd_stream *s, struct udrv_dev *dev, int fd)
{
	struct udrv_snd_share *share = &s->share;
	size_t len = 0;
	void *va;
	int ret = check_memfd(dev, fd, names[s->dir], &len);

	if (ret)
		return ret;
	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (va == MAP_FAILED)
		return -errno;
	share->page = va;
	share->map_len = len;
	share->bell = named_fd(dev, names[s->dir], "bell");
	return udrv_dma_map(dev, (char *)va + UDRV_SND_PAGE_SIZE, len - UDRV_SND_PAGE_SIZE,
			    &s->ring);
}

int udrv_snd_share_open(struct udrv_snd_stream *s, struct udrv_dev *dev)
{
	int fd = udrv_fd(dev, names[s->dir]);
	int ret;

	s->share = (struct udrv_snd_share){ .bell = -1 };
	ret = fd < 0 ? open_private(s, dev) : open_memfd(s, dev, fd);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "no memory for %s: %s", names[s->dir], strerror(-ret));
		udrv_snd_share_close(s);
	}
	return ret;
}

void udrv_snd_share_none(enum udrv_snd_dir dir, struct udrv_dev *dev)
{
	int fd = udrv_fd(dev, names[dir]);
	struct udrv_snd_page *page;
	size_t len;

	if (fd < 0 || check_memfd(dev, fd, names[dir], &len))
		return;
	page = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return;
	page->caps = (struct udrv_snd_caps){ 0 };
	__atomic_store_n(&page->magic, UDRV_SND_MAGIC, __ATOMIC_RELEASE);
	munmap(page, UDRV_SND_PAGE_SIZE);
}

/* The engine stands still. */
void udrv_snd_share_close(struct udrv_snd_stream *s)
{
	struct udrv_snd_share *share = &s->share;

	if (s->ring.va)
		udrv_dma_free(s->snd->dev, &s->ring);
	if (share->map_len)
		munmap(share->page, share->map_len);
	else
		free(share->page);
	*share = (struct udrv_snd_share){ .bell = -1 };
}
