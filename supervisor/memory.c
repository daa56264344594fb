// SPDX-License-Identifier: MIT
/* memory.c - memory that outlives drivers. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

int udrvd_memfd(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25		/* Linux 6.1 */
#endif
#define LARGE		(2ull << 20)

/* They have to be asked for through a mapping that has their alignment, and stay
 * when it is gone.  Where the kernel cannot (old, or memory is in pieces), small
 * pages do the same work. */
static void use_large_pages(int fd, uint64_t size)
{
	uint64_t len = size & ~(LARGE - 1);
	char *room, *at;

	if (!len)
		return;
	room = mmap(NULL, len + LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return;
	at = room + (-(uintptr_t)room & (LARGE - 1));
	/* What is not there yet is not put together. */
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at &&
	    !madvise(at, len, MADV_POPULATE_WRITE))
		madvise(at, len, MADV_COLLAPSE);
	munmap(room, len + LARGE);
}

int udrvd_memfd_dma(const char *name, uint64_t size)
{
	int fd = udrvd_memfd(name, size);

	if (fd >= 0)
		use_large_pages(fd, size);
	return fd;
}
