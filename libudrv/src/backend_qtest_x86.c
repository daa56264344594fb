// SPDX-License-Identifier: MIT
/*
 * backend_qtest_x86.c - QEMU's q35 board: a VT-d IOMMU, so that the device
 * reaches what is mapped and nothing else, and a second card which turns MSI
 * writes into interrupts that qtest can see.
 *
 * "VT-d" below: Intel Virtualization Technology for Directed I/O,
 * Architecture Specification, rev. 3.x.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "backend_qtest.h"

#define ECAM		0xb0000000u	/* config space, 32 KiB per slot */
#define CATCHER_SLOT	5

/* VT-d chapter 11, "Register Descriptions" */
#define DMAR		0xfed90000u
#define DMAR_CAP	0x08
#define DMAR_ECAP	0x10
#define DMAR_GCMD	0x18
#define  GCMD_TE	(1u << 31)	/* translation enable */
#define  GCMD_SRTP	(1u << 30)	/* set root table pointer */
#define DMAR_GSTS	0x1c
#define DMAR_RTADDR	0x20
#define DMAR_CCMD	0x28
#define  CCMD_GLOBAL	(5ull << 61)	/* invalidate, all */
#define  IOTLB_GLOBAL	(9ull << 60)	/* invalidate, all */
#define DMAR_FSTS	0x34
#define  FSTS_PFO	(1u << 0)	/* fault overflow */
#define  FSTS_PPF	(1u << 1)	/* a fault is recorded */
#define  FRCD_F		(1u << 31)	/* in the last of four words */
#define  FRCD_READ	(1u << 30)

/* The tables, in RAM that nobody else uses; VT-d 9.1, 9.3, 9.8.  As IOVA and
 * RAM address are the same here, the leaf tables form one flat array. */
#define T_ROOT		0x100000u
#define T_CONTEXT	0x101000u
#define T_LEVEL3	0x102000u
#define T_LEVEL2	0x103000u	/* two: 2 GiB */
#define T_LEAF		0x200000u	/* at most 4 MiB: 2 GiB of 4 KiB pages */
#define PTE_RW		3u

static uint64_t *table(struct udrv_qtest *q, uint32_t addr)
{
	return (uint64_t *)(q->ram + addr);
}

static uint32_t dmar_read(struct udrv_qtest *q, unsigned int reg)
{
	return (uint32_t)udrv_qtest_read(q, DMAR + reg, 4);
}

static void iotlb_flush(struct udrv_qtest *q)
{
	uint64_t ecap = udrv_qtest_read(q, DMAR + DMAR_ECAP, 8);
	unsigned int iotlb = (unsigned int)(ecap >> 8 & 0x3ff) * 16 + 8;

	udrv_qtest_write(q, DMAR + iotlb, 8, IOTLB_GLOBAL);
}

static int iommu_setup(struct udrv_qtest *q)
{
	uint64_t *context = table(q, T_CONTEXT) + 2 * (QTEST_SLOT << 3);

	/* While engines run on, they keep their memory. */
	if (!udrv_qtest_keeps(q)) {
		memset(q->ram + T_ROOT, 0, T_LEAF - T_ROOT);
		memset(q->ram + T_LEAF, 0, q->ram_len / 4096 * sizeof(uint64_t));
	}
	*table(q, T_ROOT) = T_CONTEXT | 1;
	context[0] = T_LEVEL3 | 1;
	context[1] = 1 << 8 | 1;		/* domain 1, three levels */
	for (unsigned int i = 0; i < 2; i++)
		table(q, T_LEVEL3)[i] = (T_LEVEL2 + i * 4096) | PTE_RW;
	for (size_t i = 0; i < q->ram_len >> 21; i++)
		table(q, T_LEVEL2)[i] = (T_LEAF + i * 4096) | PTE_RW;

	udrv_qtest_write(q, DMAR + DMAR_RTADDR, 8, T_ROOT);
	udrv_qtest_write(q, DMAR + DMAR_GCMD, 4,
			 GCMD_SRTP | (dmar_read(q, DMAR_GSTS) & GCMD_TE));
	udrv_qtest_write(q, DMAR + DMAR_CCMD, 8, CCMD_GLOBAL);
	iotlb_flush(q);
	udrv_qtest_write(q, DMAR + DMAR_GCMD, 4, GCMD_TE);
	if (!q->dead && !(dmar_read(q, DMAR_GSTS) & GCMD_TE)) {
		udrv_log(q->dev, UDRV_ERR, "this QEMU's intel-iommu does not work");
		return -ENODEV;
	}
	return 0;
}

static void report_faults(struct udrv_qtest *q)
{
	uint32_t status, record;

	status = dmar_read(q, DMAR_FSTS);
	if (q->dead || !(status & FSTS_PPF))
		return;
	record = (uint32_t)(udrv_qtest_read(q, DMAR + DMAR_CAP, 8) >> 24 & 0x3ff) * 16;
	q->dma_faults++;
	udrv_log(q->dev, UDRV_ERR, "the device %s memory at %#llx, which is not mapped%s",
		 dmar_read(q, record + 12) & FRCD_READ ? "read from" : "wrote to",
		 (unsigned long long)udrv_qtest_read(q, DMAR + record, 8),
		 status & FSTS_PFO ? " (and more)" : "");
	udrv_qtest_write(q, DMAR + record + 12, 4, FRCD_F);
	udrv_qtest_write(q, DMAR + DMAR_FSTS, 4, FSTS_PFO);
}

static int map(struct udrv_qtest *q, uint64_t iova, uint64_t len, bool on)
{
	uint64_t *leaf = table(q, T_LEAF);

	for (uint64_t at = iova; at < iova + len; at += 4096)
		leaf[at >> 12] = on ? at | PTE_RW : 0;
	/* An entry that was not present is never cached (CAP.CM is 0). */
	if (!on) {
		iotlb_flush(q);
		report_faults(q);
	}
	return q->dead ? -EIO : 0;
}

/*
 * qtest shows the I/O APIC's input lines, and MSI goes past them.  So the
 * device is told to write its MSIs to a page that the IOMMU leads to the
 * registers of an edu card; that card raises its line, and we read from it
 * which messages came.
 */
static void catcher_setup(struct udrv_qtest *q)
{
	uint32_t config = ECAM + (CATCHER_SLOT << 15);
	uint64_t before;

	q->catcher_line = 0;
	if (udrv_qtest_read(q, config, 4) != 0x11e81234)
		return;
	udrv_qtest_write(q, config + PCI_BASE_ADDRESS_0, 4, QTEST_CATCHER);
	udrv_qtest_write(q, config + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	/* A dead predecessor may have left some; then see which line it is. */
	udrv_qtest_write(q, QTEST_CATCHER + QTEST_CATCH_ACK, 4, UINT32_MAX);
	before = q->level;
	udrv_qtest_write(q, QTEST_CATCHER + QTEST_CATCH_RAISE, 4, 1);
	q->catcher_line = q->level & ~before;
	udrv_qtest_write(q, QTEST_CATCHER + QTEST_CATCH_ACK, 4, UINT32_MAX);
	table(q, T_LEAF)[QTEST_MSI_IOVA >> 12] = QTEST_CATCHER | PTE_RW;
}

static int x86_setup(struct udrv_qtest *q)
{
	int ret;

	ret = udrv_qtest_cmd(q, NULL, "irq_intercept_in ioapic\n");
	/* PCIEXBAR of the host bridge: config space as memory. */
	if (!ret)
		ret = udrv_qtest_cmd(q, NULL, "outl 0xcf8 0x80000060\n");
	if (!ret)
		ret = udrv_qtest_cmd(q, NULL, "outl 0xcfc 0x%x\n", ECAM | 1);
	if (ret)
		return ret;
	udrv_qtest_quiesce(q);
	ret = iommu_setup(q);
	if (ret)
		return ret;
	catcher_setup(q);
	/* PCI lines are 16 to 23, and the board has no other card. */
	q->intx_lines = 0xff0000 & ~q->catcher_line;
	return 0;
}

static int x86_firmware(int fd)
{
	/* At the reset vector: cli; again: hlt; jmp again */
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd };

	if (ftruncate(fd, 65536) || pwrite(fd, code, sizeof(code), 0xfff0) != sizeof(code))
		return -errno;
	return 0;
}

static const char *const x86_args[] = {
	"-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", NULL
};
/* The IOMMU first: a device looks for one when it is made. */
static const char *const x86_args_after[] = {
	"-device", "intel-iommu,intremap=off", "-device", "edu,addr=5", NULL
};

const struct udrv_qtest_machine udrv_qtest_x86 = {
	.name = "x86",
	.binary = "qemu-system-x86_64",
	.package = "qemu-system-x86",
	/* Timers off: their ticks would wake us 18 times a second. */
	.board = "q35,pit=off,hpet=off,vmport=off,sata=off,smbus=off",
	.args = x86_args,
	.args_after = x86_args_after,
	.firmware = x86_firmware,
	.config = ECAM, .config_shift = 15, .config_size = 4096,
	.bar_mem = 0xe0000000, .bar_io = 0xc000,
	.ram_free = 16u << 20,
	.tick_ms = 100,
	.setup = x86_setup,
	.map = map,
	.tick = report_faults,
};

const struct udrv_qtest_machine *const udrv_qtest_machines[QTEST_MACHINES] = {
	&udrv_qtest_x86, &udrv_qtest_alpha,	/* the first is the default */
};
