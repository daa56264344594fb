// SPDX-License-Identifier: MIT
/*
 * A driver for QEMU's edu device that means harm: it makes the device read
 * from and write to addresses that were never mapped for it.  What must hold:
 * the IOMMU stops it, memory next to the hole stays as it was, and a proper
 * transfer afterwards still works.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <udrv.h>

enum {
	EDU_DMA_SRC = 0x80, EDU_DMA_DST = 0x88, EDU_DMA_LEN = 0x90, EDU_DMA_CMD = 0x98,
	EDU_DMA_GO = 0x1, EDU_DMA_TO_RAM = 0x2,
	EDU_CARD_BUF = 0x40000,
	LEN = 2048,		/* the model ends QEMU if a transfer reaches its buffer's last byte */
};

struct probe {
	struct udrv_bar regs;
	struct udrv_dma buf;
};

static const char *device;
static struct udrv_dev *dev;
static struct probe *probe;

static int probe_reset(struct udrv_dev *d)
{
	struct probe *p = udrv_priv(d);
	int ret = udrv_bar_map(d, 0, &p->regs);

	return ret ? ret : udrv_wait32(&p->regs, EDU_DMA_CMD, EDU_DMA_GO, 0, 2000000);
}

static int probe_start(struct udrv_dev *d)
{
	struct probe *p = udrv_priv(d);
	int ret = udrv_dma_mask(d, 28);

	return ret ? ret : udrv_dma_alloc(d, 2 * 4096, &p->buf);
}

static void probe_stop(struct udrv_dev *d)
{
	udrv_reset(d);
}

static const struct udrv_id ids[] = { { 0x1234, 0x11e8 }, { 0, 0 } };
static const struct udrv_driver driver = {
	.name = "dma_probe", .ids = ids, .priv_size = sizeof(struct probe),
	.reset = probe_reset, .start = probe_start, .stop = probe_stop,
};

static void transfer(uint64_t iova, bool to_ram)
{
	udrv_write32(&probe->regs, EDU_DMA_SRC, to_ram ? EDU_CARD_BUF : (uint32_t)iova);
	udrv_write32(&probe->regs, EDU_DMA_DST, to_ram ? (uint32_t)iova : EDU_CARD_BUF);
	udrv_write32(&probe->regs, EDU_DMA_LEN, LEN);
	udrv_write32(&probe->regs, EDU_DMA_CMD, EDU_DMA_GO | (to_ram ? EDU_DMA_TO_RAM : 0));
	assert_int_equal(udrv_wait32(&probe->regs, EDU_DMA_CMD, EDU_DMA_GO, 0, 2000000), 0);
}

static void assert_all(const uint8_t *at, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(at[i], value);
}

static void mapped_memory_is_reached(void **state)
{
	uint8_t *va = probe->buf.va;

	memset(va, 0x11, LEN);
	memset(va + LEN, 0xee, 2 * LEN);
	transfer(probe->buf.iova, false);
	transfer(probe->buf.iova + LEN, true);
	assert_all(va + LEN, LEN, 0x11);
	assert_all(va + 2 * LEN, LEN, 0xee);
}

static void write_to_unmapped_is_stopped(void **state)
{
	uint8_t *va = probe->buf.va;

	memset(va, 0x22, LEN);
	memset(va + LEN, 0xee, 2 * LEN);
	transfer(probe->buf.iova, false);
	for (uint64_t iova = 0; iova < 0x10000; iova += 4096)
		transfer(iova, true);		/* below the first mapping */
	transfer(0xffff000, true);		/* the device's last page */
	assert_all(va, LEN, 0x22);
	assert_all(va + LEN, 2 * LEN, 0xee);
}

static void read_from_unmapped_gives_nothing(void **state)
{
	uint8_t *va = probe->buf.va;

	memset(va, 0x33, LEN);
	transfer(probe->buf.iova, false);
	transfer(0, false);			/* must not bring anybody's memory */
	transfer(probe->buf.iova + LEN, true);
	for (size_t i = 0; i < LEN; i++)
		assert_true(va[LEN + i] == 0x33 || va[LEN + i] == 0xff || va[LEN + i] == 0);
}

static void device_works_afterwards(void **state)
{
	mapped_memory_is_reached(state);
}

/* Outside the arena's mapping again, now that it is gone: what a dead
 * driver's device would do. */
static void freed_mapping_is_not_reached(void **state)
{
	struct udrv_dma extra;
	static uint8_t page[4096] __attribute__((aligned(4096)));

	memset(page, 0xee, sizeof(page));
	assert_int_equal(udrv_dma_map(dev, page, sizeof(page), &extra), 0);
	transfer(probe->buf.iova, false);
	transfer(extra.iova, true);
	assert_memory_equal(page, probe->buf.va, LEN);
	memset(page, 0xee, sizeof(page));

	uint64_t iova = extra.iova;
	udrv_dma_free(dev, &extra);
	transfer(iova, true);
	assert_all(page, sizeof(page), 0xee);
}

static int setup(void **state)
{
	if (udrv_open(&dev, device, &driver) || udrv_start(dev))
		return -1;
	probe = udrv_priv(dev);
	return 0;
}

static int teardown(void **state)
{
	udrv_close(dev);
	return 0;
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped_memory_is_reached),
		cmocka_unit_test(write_to_unmapped_is_stopped),
		cmocka_unit_test(read_from_unmapped_gives_nothing),
		cmocka_unit_test(device_works_afterwards),
		cmocka_unit_test(freed_mapping_is_not_reached),
	};

	device = argc > 1 ? argv[1] : "0000:00:08.0";
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
