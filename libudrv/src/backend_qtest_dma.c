// SPDX-License-Identifier: MIT
/*
 * backend_qtest_dma.c - DMA memory: QEMU's RAM, which both of us have mapped.
 * A device address is a RAM address.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "backend_qtest.h"

#define PAGE	4096u

static int set_reach(struct udrv_qtest *q, uint64_t iova, size_t len, bool on)
{
	return q->machine->map ? q->machine->map(q, iova, len, on) : 0;
}

/* Address space is split once: the arena, then room for udrv_dma_map(). */
int udrv_qtest_arena(struct udrv_dev *dev, size_t len, void **va, uint64_t *iova)
{
	struct udrv_qtest *q = dev->backend_data;
	uint64_t start = q->machine->ram_free;

	if (start + len + QTEST_WINDOW > q->ram_len) {
		udrv_log(dev, UDRV_ERR, "this QEMU was started with too little RAM");
		return -ENOSPC;
	}
	if (dev->dma_bits < 64 && start + len > 1ull << dev->dma_bits) {
		udrv_log(dev, UDRV_ERR, "the model's RAM for DMA starts at %#llx: beyond %u bits",
			 (unsigned long long)start, dev->dma_bits);
		return -ENOSPC;
	}
	*va = q->ram + start;
	*iova = start;
	return 0;
}

int udrv_qtest_arena_piece(struct udrv_dev *dev, uint64_t iova, size_t len, bool given)
{
	return set_reach(dev->backend_data, iova, len, given);
}

/* Memory of this process alone, which nobody misses if we replace it. */
static bool is_private(const void *va, size_t len)
{
	uintptr_t at = (uintptr_t)va, end = at + len;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	while (maps && at < end && fgets(line, sizeof(line), maps)) {
		unsigned long long start, last, inode;
		char perm[5];

		if (sscanf(line, "%llx-%llx %4s %*x %*s %llu", &start, &last, perm, &inode) != 4)
			continue;
		if (start <= at && at < last && perm[1] == 'w' && perm[3] == 'p' && !inode)
			at = (uintptr_t)last;
	}
	if (maps)
		fclose(maps);
	return at >= end;
}

/* Memory that the driver brings: a piece of the RAM takes its place. */
int udrv_qtest_dma_map(struct udrv_dev *dev, void *va, size_t len, uint64_t iova)
{
	struct udrv_qtest *q = dev->backend_data;
	struct udrv_qtest_map *m = q->maps;

	while (m < q->maps + QTEST_MAPS && m->va)
		m++;
	if (m == q->maps + QTEST_MAPS)
		return -ENOSPC;
	if (!is_private(va, len)) {
		udrv_log(dev, UDRV_ERR, "a model reaches private memory only, not shared mappings or files: use udrv_dma_alloc()");
		return -ENOTSUP;
	}
	memcpy(q->ram + iova, va, len);
	if (mmap(va, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, q->vm.ram,
		 (off_t)iova) == MAP_FAILED)
		return -errno;
	*m = (struct udrv_qtest_map){ va, iova, len };
	return set_reach(q, iova, len, true);
}

static int unmap(struct udrv_qtest *q, struct udrv_qtest_map *m)
{
	struct udrv_qtest_map old = *m;

	*m = (struct udrv_qtest_map){ 0 };
	set_reach(q, old.iova, old.len, false);
	if (mmap(old.va, old.len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	memcpy(old.va, q->ram + old.iova, old.len);
	return 0;
}

int udrv_qtest_dma_unmap(struct udrv_dev *dev, uint64_t iova, size_t len)
{
	struct udrv_qtest *q = dev->backend_data;

	for (unsigned int i = 0; i < QTEST_MAPS; i++)
		if (q->maps[i].va && q->maps[i].iova == iova && q->maps[i].len == len)
			return unmap(q, &q->maps[i]);
	return -EINVAL;
}

void udrv_qtest_dma_unmap_all(struct udrv_qtest *q)
{
	for (unsigned int i = 0; i < QTEST_MAPS; i++)
		if (q->maps[i].va)
			unmap(q, &q->maps[i]);
}
