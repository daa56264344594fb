// SPDX-License-Identifier: MIT
/*
 * The qtest backend itself, mostly on QEMU's edu card: config space, BARs,
 * interrupts of every kind, DMA and its limits, another machine.
 */
#include "card.h"

#include <linux/pci_regs.h>
#include <sys/mman.h>

/* ---- registers -------------------------------------------------------- */

static void config_is_as_with_vfio(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	uint32_t bar, msi, val;

	assert_int_equal(udrv_id(dev).vendor, 0x1234);
	assert_int_equal(udrv_config_read(dev, PCI_BASE_ADDRESS_0, 4, &bar), 0);
	assert_int_equal(udrv_config_write(dev, PCI_BASE_ADDRESS_0, 4, 0), 0);
	assert_int_equal(udrv_config_read(dev, PCI_BASE_ADDRESS_0, 4, &val), 0);
	assert_int_equal(val, bar);

	msi = udrv_qtest_cap(qtest_of(dev), PCI_CAP_ID_MSI);
	assert_true(msi >= 0x40);
	assert_int_equal(udrv_config_write(dev, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee00000), 0);
	assert_int_equal(udrv_config_read(dev, msi + PCI_MSI_ADDRESS_LO, 4, &val), 0);
	assert_int_not_equal(val, 0xfee00000);

	assert_int_equal(udrv_config_write(dev, PCI_CACHE_LINE_SIZE, 1, 0x5a), 0);
	assert_int_equal(udrv_config_read(dev, PCI_CACHE_LINE_SIZE, 1, &val), 0);
	assert_int_equal(val, 0x5a);
	assert_int_equal(udrv_config_read(dev, 1, 2, &val), -EINVAL);
	assert_int_equal(udrv_config_read(dev, 4096, 4, &val), -EINVAL);
	udrv_close(dev);
}

static void registers_of_every_width(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct card *c = card_of(dev);
	struct udrv_bar none;

	assert_int_equal(c->regs.len, 1 << 20);
	assert_int_equal(udrv_read32(&c->regs, CARD_ID), CARD_ID_VALUE);
	udrv_write32(&c->regs, CARD_LIVE, 0x12345678);
	assert_int_equal(udrv_read32(&c->regs, CARD_LIVE), ~0x12345678u);
	assert_int_equal(udrv_bar_map(dev, 1, &none), -ENOENT);
	assert_int_equal(udrv_bar_map(dev, 6, &none), -ENOENT);

	assert_int_equal(udrv_read32(&c->regs, c->regs.len - 2), UINT32_MAX);
	assert_logged("read of 4 bytes at 0xffffe: BAR 0 has 0x100000 bytes");
	udrv_write8(&c->regs, c->regs.len, 1);
	assert_logged("write of 1 bytes at 0x100000");
	udrv_close(dev);
}

static int port_start(struct udrv_dev *dev)
{
	return 0;
}

static int port_reset(struct udrv_dev *dev)
{
	return 0;
}

static void port_stop(struct udrv_dev *dev)
{
}

/* AC'97's mixer and bus master registers are I/O ports. */
static void ports_of_every_width(void **state)
{
	static const struct udrv_id ids[] = { { 0x8086, 0x2415 }, { 0, 0 } };
	static const struct udrv_driver drv = {
		.name = "ports", .ids = ids, .reset = port_reset, .start = port_start,
		.stop = port_stop,
	};
	struct udrv_dev *dev;
	struct udrv_bar mixer, master;

	setenv("UDRV_QEMU_ARGS", "-audiodev none,id=a0", 1);
	assert_int_equal(udrv_open(&dev, "qtest:AC97,audiodev=a0", &drv), 0);
	assert_int_equal(udrv_start(dev), 0);
	assert_int_equal(udrv_bar_map(dev, 0, &mixer), 0);
	assert_int_equal(udrv_bar_map(dev, 1, &master), 0);
	assert_int_equal(mixer.len, 1024);
	udrv_write16(&mixer, 0x02, 0x0a05);		/* master volume */
	assert_int_equal(udrv_read16(&mixer, 0x02), 0x0a05);
	udrv_write32(&master, 0x10, 0x12345678);	/* PCM out: list address */
	assert_int_equal(udrv_read32(&master, 0x10), 0x12345678);
	udrv_write8(&master, 0x15, 0x07);		/* last valid index */
	assert_int_equal(udrv_read8(&master, 0x15), 0x07);
	udrv_close(dev);
}

/* ---- interrupts ------------------------------------------------------- */

static void play(struct udrv_dev *dev, uint32_t cause)
{
	udrv_write32(&card_of(dev)->regs, CARD_RAISE, cause);
}

static void spin(struct udrv_dev *dev, unsigned int ms)
{
	assert_int_equal(udrv_loop_run_for(udrv_loop(dev), ms), -ETIME);
}

static void check_interrupts(enum udrv_irq_type type)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct card *c = card_of(dev);

	assert_int_equal(udrv_irq_select(dev, type), 0);
	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	for (unsigned int i = 1; i <= 100; i++) {
		play(dev, i);
		for (int ms = 0; ms < 1000 && c->interrupts < i; ms++)
			udrv_loop_run_for(udrv_loop(dev), 1);
		assert_int_equal(c->interrupts, i);
		assert_int_equal(c->last_cause, i);
	}
	spin(dev, 20);
	assert_int_equal(c->interrupts, 100);	/* and none too many */

	udrv_irq_disable(dev, 0);
	play(dev, 7);
	spin(dev, 20);
	assert_int_equal(c->interrupts, 100);
	udrv_close(dev);
}

/* Disabled before the loop ever ran: the first read must not take what comes
 * for the second. */
static void enabled_twice(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");

	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	udrv_irq_disable(dev, 0);
	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	play(dev, 1);
	spin(dev, 100);
	assert_int_equal(card_of(dev)->interrupts, 1);
	udrv_close(dev);
}

static void intx(void **state)
{
	check_interrupts(UDRV_IRQ_INTX);
}

static void msi(void **state)
{
	check_interrupts(UDRV_IRQ_MSI);
}

static unsigned int unanswered;

static void no_ack(struct udrv_dev *dev, unsigned int vec)
{
	if (++unanswered == 5)
		udrv_write32(&card_of(dev)->regs, CARD_ACK, UINT32_MAX);
}

/* A level that nobody lowers comes again, and is masked in between. */
static void intx_is_level_triggered(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");

	unanswered = 0;
	assert_int_equal(udrv_irq_enable(dev, 0, no_ack), 0);
	play(dev, 1);
	spin(dev, 50);
	assert_int_equal(unanswered, 5);

	/* One that was up before is seen on enabling. */
	udrv_irq_disable(dev, 0);
	play(dev, 1);
	unanswered = 4;
	assert_int_equal(udrv_irq_enable(dev, 0, no_ack), 0);
	spin(dev, 50);
	assert_int_equal(unanswered, 5);
	udrv_close(dev);
}

/* ---- DMA -------------------------------------------------------------- */

static void fill(uint8_t *mem, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		mem[i] = (uint8_t)(i * 7 + seed + (i >> 8));
}

static void dma_both_ways(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct udrv_dma out, in;

	assert_int_equal(udrv_dma_alloc(dev, CARD_BUF_LEN, &out), 0);
	assert_int_equal(udrv_dma_alloc(dev, CARD_BUF_LEN, &in), 0);
	fill(out.va, CARD_BUF_LEN, 3);
	assert_int_equal(card_dma(dev, out.iova, CARD_BUF, CARD_BUF_LEN, 0), 0);
	assert_int_equal(card_dma(dev, CARD_BUF, in.iova, CARD_BUF_LEN, CARD_TO_RAM), 0);
	assert_memory_equal(out.va, in.va, CARD_BUF_LEN);
	assert_int_equal(qtest_of(dev)->dma_faults, 0);
	udrv_close(dev);
	assert_null(strstr(log_text(), "not mapped"));
}

/* The first and last byte of a piece, and one beyond; freed memory; reads. */
static void dma_elsewhere_is_stopped_and_told(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct udrv_qtest *q = qtest_of(dev);
	struct udrv_dma page, other;
	uint64_t old;

	assert_int_equal(udrv_dma_alloc(dev, 4096, &page), 0);
	assert_int_equal(card_dma(dev, CARD_BUF, page.iova + 4095, 1, CARD_TO_RAM), 0);
	spin(dev, 150);
	assert_int_equal(q->dma_faults, 0);

	q->ram[page.iova + 4096] = 0x5a;
	assert_int_equal(card_dma(dev, CARD_BUF, page.iova + 4096, 1, CARD_TO_RAM), 0);
	spin(dev, 150);
	assert_int_equal(q->dma_faults, 1);
	assert_int_equal(q->ram[page.iova + 4096], 0x5a);
	assert_logged("the device wrote to memory at 0x1001000, which is not mapped");

	assert_int_equal(card_dma(dev, 0, CARD_BUF, 8, 0), 0);
	spin(dev, 150);
	assert_int_equal(q->dma_faults, 2);
	assert_logged("the device read from memory at 0, which is not mapped");

	/* Freed, and taken note of at once: the next one would wait for us. */
	assert_int_equal(udrv_dma_alloc(dev, 4096, &other), 0);
	old = other.iova;
	assert_int_equal(card_dma(dev, CARD_BUF, old, 8, CARD_TO_RAM), 0);
	udrv_dma_free(dev, &other);
	assert_int_equal(q->dma_faults, 2);
	assert_int_equal(card_dma(dev, CARD_BUF, old, 8, CARD_TO_RAM), 0);
	udrv_dma_free(dev, &page);
	assert_int_equal(q->dma_faults, 3);
	udrv_close(dev);
}

/* What happened last is told by udrv_close() at the latest. */
static void dma_fault_is_told_at_the_end(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");

	assert_int_equal(card_dma(dev, CARD_BUF, 0x2000000, 8, CARD_TO_RAM), 0);
	udrv_close(dev);
	assert_logged("wrote to memory at 0x2000000, which is not mapped");
}

static void dma_to_memory_of_the_driver(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	uint8_t *mem = aligned_alloc(4096, 8192);
	struct udrv_dma map, bad;
	void *shared;

	fill(mem, 8192, 9);
	assert_int_equal(udrv_dma_map(dev, mem, 8192, &map), 0);
	assert_int_equal(card_dma(dev, map.iova + 4000, CARD_BUF, 200, 0), 0);
	memset(mem, 0, 8192);
	assert_int_equal(card_dma(dev, CARD_BUF, map.iova, 200, CARD_TO_RAM), 0);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(mem[i], (uint8_t)((4000 + i) * 7 + 9 + ((4000 + i) >> 8)));
	udrv_dma_free(dev, &map);
	assert_int_equal(mem[1], (uint8_t)(4001 * 7 + 9 + (4001 >> 8)));
	assert_int_equal(qtest_of(dev)->dma_faults, 0);

	assert_int_equal(udrv_dma_map(dev, mem + 1, 4096, &bad), -EINVAL);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(udrv_dma_map(dev, shared, 4096, &bad), -ENOTSUP);
	assert_logged("a model reaches private memory only");
	munmap(shared, 4096);
	/* One that the driver forgot is given back by udrv_close(). */
	assert_int_equal(udrv_dma_map(dev, mem, 4096, &map), 0);
	mem[0] = 0x77;
	udrv_close(dev);
	assert_int_equal(mem[0], 0x77);
	free(mem);
}

static void dma_mask_too_small(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct udrv_dma dma;

	assert_int_equal(udrv_dma_mask(dev, 24), 0);
	assert_int_equal(udrv_dma_alloc(dev, 4096, &dma), -ENOSPC);
	assert_logged("beyond 24 bits");
	udrv_close(dev);
}

/* ---- other machines --------------------------------------------------- */

static const struct udrv_id cmd646_ids[] = { { 0x1095, 0x0646 }, { 0, 0 } };
static const struct udrv_driver cmd646_driver = {
	.name = "cmd646", .ids = cmd646_ids, .reset = port_reset, .start = port_start,
	.stop = port_stop,
};

enum { IDE_DATA = 0, IDE_DRIVE = 6, IDE_STATUS = 7, IDE_COMMAND = 7, IDE_IDENTIFY = 0xec };
static unsigned int ide_interrupts;
static struct udrv_bar ide_command;

static void ide_irq(struct udrv_dev *dev, unsigned int vec)
{
	ide_interrupts++;
	udrv_read8(&ide_command, IDE_STATUS);	/* which acknowledges it */
}

/* A disk in native mode, which Debian's x86 QEMU has not: it answers, and its
 * interrupt reaches us. */
static void alpha_cmd646(void **state)
{
	char args[256], image[] = "/tmp/udrv-test-XXXXXX";
	int fd = mkstemp(image);
	struct udrv_dev *dev;
	uint16_t id[256];

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	close(fd);
	if (system("qemu-system-alpha --version >/dev/null 2>&1")) {
		unlink(image);
		skip();
	}
	snprintf(args, sizeof(args),
		 "-drive if=none,id=d0,format=raw,file=%s -device ide-hd,drive=d0,bus=c0.0,serial=UDRV1",
		 image);
	setenv("UDRV_QEMU_ARGS", args, 1);
	ide_interrupts = 0;
	assert_int_equal(udrv_open(&dev, "qtest:alpha/cmd646-ide,id=c0", &cmd646_driver), 0);
	unlink(image);
	assert_int_equal(udrv_start(dev), 0);
	assert_int_equal(udrv_irq_count(dev, UDRV_IRQ_INTX), 1);
	assert_int_equal(udrv_irq_count(dev, UDRV_IRQ_MSI), 0);
	assert_int_equal(udrv_bar_map(dev, 0, &ide_command), 0);
	assert_int_equal(ide_command.len, 8);
	assert_int_equal(udrv_irq_enable(dev, 0, ide_irq), 0);

	udrv_write8(&ide_command, IDE_DRIVE, 0xa0);
	udrv_write8(&ide_command, IDE_COMMAND, IDE_IDENTIFY);
	spin(dev, 100);
	assert_int_equal(ide_interrupts, 1);
	for (size_t i = 0; i < 256; i++)
		id[i] = udrv_read16(&ide_command, IDE_DATA);
	/* Words 10 to 19: the serial number, the first letter in the upper byte. */
	assert_int_equal(id[10], 'U' << 8 | 'D');
	assert_int_equal(id[11], 'R' << 8 | 'V');
	assert_int_equal(id[12], '1' << 8 | ' ');
	udrv_close(dev);
}

#define T(f) cmocka_unit_test_setup_teardown(f, log_begin, log_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(config_is_as_with_vfio), T(registers_of_every_width), T(ports_of_every_width),
		T(enabled_twice), T(intx), T(msi), T(intx_is_level_triggered),
		T(dma_both_ways), T(dma_elsewhere_is_stopped_and_told),
		T(dma_fault_is_told_at_the_end), T(dma_to_memory_of_the_driver),
		T(dma_mask_too_small), T(alpha_cmd646),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("qtest", tests, NULL, NULL);
}
