// SPDX-License-Identifier: MIT
/*
 * dma.c - memory for DMA.  One arena, a memfd that may outlive this process,
 * is mapped for the device in one piece (MAP_DMA costs the same for 4 KiB and
 * for 64, facts.md section 3) and cut up here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define PAGE		4096u
#define ARENA_DEFAULT	(1024u * 1024u)

size_t udrv_dma_size(const struct udrv_driver *drv)
{
	return drv->dma_size ? drv->dma_size : ARENA_DEFAULT;
}

static uint64_t dma_limit(const struct udrv_dev *dev)
{
	return dev->dma_bits >= 64 ? UINT64_MAX : (1ull << dev->dma_bits) - 1;
}

static size_t page_up(size_t len)
{
	return (len + PAGE - 1) & ~(size_t)(PAGE - 1);
}

int udrv_dma_mask(struct udrv_dev *dev, unsigned int bits)
{
	if (bits < 20 || bits > 64)
		return -EINVAL;
	if (dev->arena.va && dev->arena.iova + dev->arena.len - 1 > (bits == 64 ? UINT64_MAX :
								     (1ull << bits) - 1))
		return -EBUSY;
	dev->dma_bits = bits;
	return 0;
}

/* The supervisor's memfd, or one of our own. */
static int arena_fd(struct udrv_dev *dev, size_t *len)
{
	int fd = udrv_fds_find(&dev->fds, "arena");
	struct stat st;

	if (fd >= 0) {
		if (fstat(fd, &st))
			return -errno;
		if ((uint64_t)st.st_size < *len) {
			udrv_log(dev, UDRV_ERR,
				 "the arena has %lld bytes, this driver needs %zu: set arena= in the device's configuration",
				 (long long)st.st_size, *len);
			return -ENOSPC;
		}
		*len = (size_t)st.st_size & ~(size_t)(PAGE - 1);
		fd = dup(fd);		/* so that both ways are closed alike */
		return fd < 0 ? -errno : fd;
	}
	fd = memfd_create("udrv-arena", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)*len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Mapped for the device by our supervisor, once for all drivers to come. */
static bool is_kept(const struct udrv_dev *dev, size_t len, uint64_t *iova)
{
	uint64_t mapped;

	return !udrv_fds_mapped(&dev->fds, "arena", iova, &mapped) && mapped >= len &&
	       *iova + len - 1 <= dma_limit(dev);
}

static int arena_dma_map(struct udrv_dev *dev, void *va, size_t len, uint64_t *iova)
{
	int ret;

	dev->arena_kept = is_kept(dev, len, iova);
	if (dev->arena_kept)
		return 0;
	ret = udrv_iova_alloc(&dev->iova, len, len >= 2u << 20 ? 2u << 20 : PAGE,
			      dma_limit(dev), iova);
	if (ret)
		return ret;
	ret = dev->ops->dma_map(dev, va, len, *iova);
	if (ret)
		udrv_iova_release(&dev->iova, *iova, len);
	return ret;
}

/* At a multiple of 2 MiB: where the file has large pages, they are ours too, and
 * there is one entry to make instead of 512.  MAP_FAILED, errno. */
static void *view(int fd, size_t len)
{
	const size_t large = 2u << 20;
	char *room, *at, *va;

	room = mmap(NULL, len + large, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return room;
	at = room + (-(uintptr_t)room & (large - 1));
	va = mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	if (va == MAP_FAILED) {
		int err = errno;

		munmap(room, len + large);
		errno = err;
		return va;
	}
	if (at > room)
		munmap(room, (size_t)(at - room));
	munmap(at + len, (size_t)(room + large - at));
	return va;
}

static int arena_map(struct udrv_dev *dev, size_t len, void **vap, uint64_t *iovap)
{
	void *va;
	int ret, fd;

	if (dev->ops->arena)
		return dev->ops->arena(dev, len, vap, iovap);

	fd = arena_fd(dev, &len);
	if (fd < 0)
		return fd;
	va = view(fd, len);
	ret = va == MAP_FAILED ? -errno : 0;
	close(fd);
	if (ret)
		return ret;
	ret = arena_dma_map(dev, va, len, iovap);
	if (ret) {
		munmap(va, len);
		return ret;
	}
	*vap = va;
	dev->arena.len = len;
	return 0;
}

static int arena_open(struct udrv_dev *dev)
{
	size_t len = page_up(udrv_dma_size(dev->drv));
	int ret;

	dev->arena.len = len;
	ret = arena_map(dev, len, &dev->arena.va, &dev->arena.iova);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "no DMA memory (%zu bytes): %s%s", len, strerror(-ret),
			 ret == -ENOMEM ? "; is the limit of locked memory too low? (ulimit -l, memlock=)" : "");
		return ret;
	}
	udrv_iova_init(&dev->arena_free);
	return udrv_iova_add(&dev->arena_free, 0, dev->arena.len - 1);
}

int udrv_dma_alloc_dirty(struct udrv_dev *dev, size_t len, struct udrv_dma *dma)
{
	uint64_t off;
	int ret;

	if (!len || len > SIZE_MAX - PAGE)
		return -EINVAL;
	len = page_up(len);
	if (!dev->arena.va && (ret = arena_open(dev)))
		return ret;
	ret = udrv_iova_alloc(&dev->arena_free, len, PAGE, UINT64_MAX, &off);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "the DMA arena of %zu bytes has no %zu left: raise dma_size",
			 dev->arena.len, len);
		return ret;
	}
	if (dev->ops->arena_piece &&
	    (ret = dev->ops->arena_piece(dev, dev->arena.iova + off, len, true))) {
		udrv_iova_release(&dev->arena_free, off, len);
		return ret;
	}
	dma->va = (char *)dev->arena.va + off;
	dma->iova = dev->arena.iova + off;
	dma->len = len;
	return 0;
}

size_t udrv_dma_room(struct udrv_dev *dev)
{
	return dev->arena.va || !arena_open(dev) ? dev->arena.len : 0;
}

int udrv_dma_alloc(struct udrv_dev *dev, size_t len, struct udrv_dma *dma)
{
	int ret = udrv_dma_alloc_dirty(dev, len, dma);

	if (!ret)
		memset(dma->va, 0, dma->len);
	return ret;
}

int udrv_dma_map(struct udrv_dev *dev, void *va, size_t len, struct udrv_dma *dma)
{
	uint64_t iova;
	int ret;

	if (!len || ((uintptr_t)va | len) % PAGE)
		return -EINVAL;
	if (!dev->ops->dma_map)
		return -ENOTSUP;
	ret = udrv_iova_alloc(&dev->iova, len, PAGE, dma_limit(dev), &iova);
	if (ret)
		return ret;
	ret = dev->ops->dma_map(dev, va, len, iova);
	if (ret) {
		udrv_iova_release(&dev->iova, iova, len);
		return ret;
	}
	*dma = (struct udrv_dma){ va, iova, len };
	return 0;
}

static bool in_arena(const struct udrv_dev *dev, const struct udrv_dma *dma)
{
	const char *va = dma->va, *base = dev->arena.va;

	return base && va >= base && va < base + dev->arena.len;
}

void udrv_dma_free(struct udrv_dev *dev, struct udrv_dma *dma)
{
	int ret;

	if (!dma->va)
		return;
	if (in_arena(dev, dma)) {
		if (dev->ops->arena_piece)
			dev->ops->arena_piece(dev, dma->iova, dma->len, false);
		ret = udrv_iova_release(&dev->arena_free, dma->iova - dev->arena.iova, dma->len);
	} else {
		ret = dev->ops->dma_unmap(dev, dma->iova, dma->len);
		if (!ret)
			ret = udrv_iova_release(&dev->iova, dma->iova, dma->len);
	}
	if (ret)
		udrv_log(dev, UDRV_ERR, "DMA memory %p freed twice or never given", dma->va);
	*dma = (struct udrv_dma){ 0 };
}

/* Mappings of udrv_dma_map() end with the container or, under a supervisor,
 * with its unmapping of everything. */
void udrv_dma_close_all(struct udrv_dev *dev)
{
	if (!dev->arena.va)
		return;
	if (dev->ops->arena_piece)
		dev->ops->arena_piece(dev, dev->arena.iova, dev->arena.len, false);
	if (!dev->ops->arena && !dev->arena_kept) {
		dev->ops->dma_unmap(dev, dev->arena.iova, dev->arena.len);
		udrv_iova_release(&dev->iova, dev->arena.iova, dev->arena.len);
	}
	if (!dev->ops->arena)
		munmap(dev->arena.va, dev->arena.len);
	dev->arena = (struct udrv_dma){ 0 };
}
