// SPDX-License-Identifier: MIT
/*
 * iova.c - a first-fit allocator of address pieces.  Pure: no I/O, no
 * allocation.  The free pieces are kept sorted and merged, so that freeing
 * all gives back exactly what was added.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

void udrv_iova_init(struct udrv_iova *iova)
{
	iova->n = 0;
}

static void piece_remove(struct udrv_iova *iova, unsigned int i)
{
	iova->n--;
	memmove(&iova->free[i], &iova->free[i + 1], (iova->n - i) * sizeof(iova->free[0]));
}

static int piece_insert(struct udrv_iova *iova, unsigned int i, uint64_t start, uint64_t last)
{
	if (iova->n == UDRV_IOVA_PIECES)
		return -ENOSPC;
	memmove(&iova->free[i + 1], &iova->free[i], (iova->n - i) * sizeof(iova->free[0]));
	iova->free[i] = (struct udrv_iova_piece){ start, last };
	iova->n++;
	return 0;
}

int udrv_iova_add(struct udrv_iova *iova, uint64_t start, uint64_t last)
{
	unsigned int i = 0;
	bool left, right;

	if (start > last)
		return -EINVAL;
	while (i < iova->n && iova->free[i].last < start)
		i++;
	/* The piece belongs before i; it must not overlap it. */
	if (i < iova->n && iova->free[i].start <= last)
		return -EINVAL;

	left = i > 0 && iova->free[i - 1].last + 1 == start;
	right = i < iova->n && last + 1 == iova->free[i].start;
	if (left && right) {
		iova->free[i - 1].last = iova->free[i].last;
		piece_remove(iova, i);
	} else if (left) {
		iova->free[i - 1].last = last;
	} else if (right) {
		iova->free[i].start = start;
	} else {
		return piece_insert(iova, i, start, last);
	}
	return 0;
}

int udrv_iova_alloc(struct udrv_iova *iova, uint64_t len, uint64_t align,
		    uint64_t limit, uint64_t *start)
{
	if (!len || !align || (align & (align - 1)))
		return -EINVAL;

	for (unsigned int i = 0; i < iova->n; i++) {
		struct udrv_iova_piece p = iova->free[i];
		uint64_t end = p.last < limit ? p.last : limit;
		uint64_t at = (p.start + align - 1) & ~(align - 1);
		uint64_t at_last = at + len - 1;

		/* Each sum may wrap: then it got smaller than its parts. */
		if (at < p.start || at_last < at || at_last > end)
			continue;
		if (at > p.start && at_last < p.last) {
			int ret = piece_insert(iova, i + 1, at_last + 1, p.last);

			if (ret)
				return ret;
			iova->free[i].last = at - 1;
		} else if (at > p.start) {
			iova->free[i].last = at - 1;
		} else if (at_last < p.last) {
			iova->free[i].start = at_last + 1;
		} else {
			piece_remove(iova, i);
		}
		*start = at;
		return 0;
	}
	return -ENOMEM;
}

int udrv_iova_release(struct udrv_iova *iova, uint64_t start, uint64_t len)
{
	if (!len || start + len - 1 < start)
		return -EINVAL;
	return udrv_iova_add(iova, start, start + len - 1);
}
