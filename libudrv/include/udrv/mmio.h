/* SPDX-License-Identifier: MIT */
/*
 * Register access: the same calls for memory-mapped registers, I/O ports and
 * device models.  Registers are little-endian, as on PCI.
 *
 * A write is ordered after all earlier stores to DMA memory, a read before all
 * later loads from it.
 */
#ifndef UDRV_MMIO_H
#define UDRV_MMIO_H

#include <endian.h>
#include <stdint.h>
#include <udrv/version.h>

/* How a window without an address is reached; width is 1, 2 or 4 bytes. */
struct udrv_bar_io {
	uint32_t (*read)(const struct udrv_bar *bar, size_t off, unsigned int width);
	void (*write)(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val);
};

/* Order our accesses to DMA memory against each other as a device sees them
 * (udrv_dma_rmb: loads; udrv_dma_wmb: stores) and against register accesses
 * (udrv_mb: everything).  x86 keeps loads and stores in order by itself.
 * udrv_relax: between two looks at something that is going to change. */
#if defined(__x86_64__) || defined(__i386__)
#define udrv_dma_rmb()	__asm__ __volatile__("" ::: "memory")
#define udrv_dma_wmb()	__asm__ __volatile__("" ::: "memory")
#define udrv_mb()	__asm__ __volatile__("mfence" ::: "memory")
#define udrv_relax()	__asm__ __volatile__("pause" ::: "memory")
#elif defined(__aarch64__)
#define udrv_dma_rmb()	__asm__ __volatile__("dmb oshld" ::: "memory")
#define udrv_dma_wmb()	__asm__ __volatile__("dmb oshst" ::: "memory")
#define udrv_mb()	__asm__ __volatile__("dsb sy" ::: "memory")
#define udrv_relax()	__asm__ __volatile__("yield" ::: "memory")
#else
#error "udrv/mmio.h: memory barriers for this machine are not written yet"
#endif

#define UDRV_MMIO(bits, width, to_le, from_le)						\
static inline uint##bits##_t udrv_read##bits(const struct udrv_bar *bar, size_t off)	\
{											\
	uint##bits##_t val;								\
											\
	if (bar->io)									\
		return (uint##bits##_t)bar->io->read(bar, off, width);			\
	val = *(volatile uint##bits##_t *)((volatile char *)bar->base + off);		\
	udrv_dma_rmb();									\
	return from_le(val);								\
}											\
static inline void udrv_write##bits(const struct udrv_bar *bar, size_t off,		\
				    uint##bits##_t val)					\
{											\
	if (bar->io) {									\
		bar->io->write(bar, off, width, val);					\
		return;									\
	}										\
	udrv_dma_wmb();									\
	*(volatile uint##bits##_t *)((volatile char *)bar->base + off) = to_le(val);	\
}

UDRV_MMIO(8, 1, , )
UDRV_MMIO(16, 2, htole16, le16toh)
UDRV_MMIO(32, 4, htole32, le32toh)
#undef UDRV_MMIO

/* Wait until (register & mask) == value; -ETIMEDOUT after usec.  The last look
 * at the register comes after the time is up, so a slow machine never makes
 * it fail. */
UDRV_API int udrv_wait32(const struct udrv_bar *bar, size_t off, uint32_t mask,
			 uint32_t value, unsigned int usec);
UDRV_API int udrv_wait8(const struct udrv_bar *bar, size_t off, uint8_t mask,
			uint8_t value, unsigned int usec);

#endif /* UDRV_MMIO_H */
