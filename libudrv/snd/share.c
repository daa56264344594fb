// SPDX-License-Identifier: MIT
/*
 * share.c - a stream's memfd: page and ring.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snd_internal.h"

/* Without a supervisor nobody shares it; the engine runs all the same. */
static int open_private(struct udrv_snd_stream *s, struct udrv_dev *dev)
{
	s->share.page = aligned_alloc(UDRV_SND_PAGE_SIZE, UDRV_SND_PAGE_SIZE);
	if (!s->share.page)
		return -ENOMEM;
	memset(s->share.page, 0, UDRV_SND_PAGE_SIZE);
	return udrv_dma_alloc(dev, UDRV_SND_RING_SIZE, &s->ring);
}

/* memfds are files of one file system: no two have the same. */
static uint64_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static int open_memfd(struct udrv_snd_stream *s, struct udrv_dev *dev, int fd)
{
	struct udrv_snd_share *share = &s->share;
	size_t len = 0;
	void *va;
	int ret = udrv_snd_memfd_check(dev, fd, udrv_snd_names[s->dir], &len);

	if (!ret && len == UDRV_SND_PAGE_SIZE)
		ret = -EINVAL;		/* no ring */
	if (ret)
		return ret;
	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (va == MAP_FAILED)
		return -errno;
	share->page = va;
	share->map_len = len;
	share->memory = inode(fd);
	share->bell = udrv_snd_bell(dev, s->dir);
	return udrv_dma_map(dev, (char *)va + UDRV_SND_PAGE_SIZE, len - UDRV_SND_PAGE_SIZE,
			    &s->ring);
}

int udrv_snd_share_open(struct udrv_snd_stream *s, struct udrv_dev *dev)
{
	int fd = udrv_fd(dev, udrv_snd_names[s->dir]);
	int ret;

	s->share = (struct udrv_snd_share){ .bell = -1 };
	ret = fd < 0 ? open_private(s, dev) : open_memfd(s, dev, fd);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "no memory for %s: %s", udrv_snd_names[s->dir], strerror(-ret));
		udrv_snd_share_close(s);
	}
	return ret;
}

void udrv_snd_share_none(enum udrv_snd_dir dir, struct udrv_dev *dev)
{
	int fd = udrv_fd(dev, udrv_snd_names[dir]);
	struct udrv_snd_page *page;
	size_t len;

	if (fd < 0 || udrv_snd_memfd_check(dev, fd, udrv_snd_names[dir], &len))
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
