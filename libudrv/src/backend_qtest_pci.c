// SPDX-License-Identifier: MIT
/*
 * backend_qtest_pci.c - config space and BARs: what firmware does elsewhere
 * (give each BAR an address), and what VFIO does (keep a driver's hands off
 * BARs and MSI addresses).
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>

#include "backend_qtest.h"

static uint64_t config_addr(const struct udrv_qtest *q, unsigned int off)
{
	return q->machine->config + (QTEST_SLOT << q->machine->config_shift) + off;
}

uint32_t udrv_qtest_config(struct udrv_qtest *q, unsigned int off, unsigned int len)
{
	return (uint32_t)udrv_qtest_read(q, config_addr(q, off), len);
}

void udrv_qtest_config_set(struct udrv_qtest *q, unsigned int off, unsigned int len, uint32_t val)
{
	udrv_qtest_write(q, config_addr(q, off), len, val);
}

unsigned int udrv_qtest_cap(struct udrv_qtest *q, uint8_t id)
{
	unsigned int at, max = 48;	/* as many fit; a broken list may be a ring */

	if (!(udrv_qtest_config(q, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	at = udrv_qtest_config(q, PCI_CAPABILITY_LIST, 1) & ~3u;
	while (at && at != 0xfc && max--) {
		uint32_t cap = udrv_qtest_config(q, at, 2);

		if ((cap & 0xff) == id)
			return at;
		at = cap >> 8 & ~3u;
	}
	return 0;
}

/* A driver that stops its engines by itself finds them running. */
uint32_t udrv_qtest_keeps(struct udrv_qtest *q)
{
	return q->dev->drv->halt ? udrv_qtest_config(q, PCI_COMMAND, 2) & PCI_COMMAND_MASTER : 0;
}

/*
 * A predecessor may have died at any point.  With the pin disabled QEMU lowers
 * the line and tells us, so its level is known, too.
 */
void udrv_qtest_quiesce(struct udrv_qtest *q)
{
	unsigned int msi, msix;

	udrv_qtest_config_set(q, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE | udrv_qtest_keeps(q));
	msi = udrv_qtest_cap(q, PCI_CAP_ID_MSI);
	if (msi)
		udrv_qtest_config_set(q, msi + PCI_MSI_FLAGS, 2, 0);
	msix = udrv_qtest_cap(q, PCI_CAP_ID_MSIX);
	if (msix)
		udrv_qtest_config_set(q, msix + PCI_MSIX_FLAGS, 2, 0);
}

static bool overlaps(unsigned int off, unsigned int len, unsigned int start, unsigned int size)
{
	return size && off < start + size && start < off + len;
}

/* What VFIO does not let a user change either. */
static bool is_protected(struct udrv_qtest *q, unsigned int off, unsigned int len)
{
	unsigned int msi, msix;

	if (off < PCI_STD_HEADER_SIZEOF)
		return overlaps(off, len, PCI_BASE_ADDRESS_0, 24) ||
		       overlaps(off, len, PCI_ROM_ADDRESS, 4);
	msi = udrv_qtest_cap(q, PCI_CAP_ID_MSI);
	msix = udrv_qtest_cap(q, PCI_CAP_ID_MSIX);
	return overlaps(off, len, msi, msi ? PCI_MSI_DATA_64 + 2 : 0) ||
	       overlaps(off, len, msix, msix ? PCI_CAP_MSIX_SIZEOF : 0);
}

int udrv_qtest_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t *val)
{
	struct udrv_qtest *q = dev->backend_data;

	if (off + len > q->machine->config_size)
		return -EINVAL;
	*val = udrv_qtest_config(q, off, len);
	return q->dead ? -EIO : 0;
}

int udrv_qtest_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t val)
{
	struct udrv_qtest *q = dev->backend_data;

	if (off + len > q->machine->config_size)
		return -EINVAL;
	if (!is_protected(q, off, len))
		udrv_qtest_config_set(q, off, len, val);
	return q->dead ? -EIO : 0;
}

/* An IDE controller in compatibility mode answers at the addresses of 1984,
 * whatever its BARs say.  The kernel shows them as BARs 0 to 3; so do we. */
static void assign_compat_ide(struct udrv_qtest *q)
{
	static const struct { uint16_t port; uint8_t len; } legacy[2][2] = {
		{ { 0x1f0, 8 }, { 0x3f6, 1 } },
		{ { 0x170, 8 }, { 0x376, 1 } },
	};
	uint32_t class = udrv_qtest_config(q, PCI_CLASS_REVISION, 4) >> 8;

	if (class >> 8 != 0x0101)
		return;
	for (unsigned int ch = 0; ch < 2; ch++) {
		if (class & 1u << (2 * ch))
			continue;	/* this channel is in native mode */
		for (unsigned int i = 0; i < 2; i++)
			q->bars[2 * ch + i] = (struct udrv_qtest_bar){
				q, q->machine->ports + legacy[ch][i].port, legacy[ch][i].len, true,
			};
	}
}

void udrv_qtest_bars_assign(struct udrv_qtest *q)
{
	const struct udrv_qtest_machine *m = q->machine;
	uint32_t next_mem = m->bar_mem, next_io = m->bar_io;
	uint32_t cmd = udrv_qtest_config(q, PCI_COMMAND, 2);

	/* Not decoding while the BARs hold nonsense. */
	cmd &= ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	udrv_qtest_config_set(q, PCI_COMMAND, 2, cmd);
	for (unsigned int n = 0; n < UDRV_BARS; n++) {
		unsigned int off = PCI_BASE_ADDRESS_0 + 4 * n;
		uint32_t val, *next;
		bool io;

		udrv_qtest_config_set(q, off, 4, 0xffffffff);
		val = udrv_qtest_config(q, off, 4);
		if (!val || q->dead)
			continue;
		io = val & PCI_BASE_ADDRESS_SPACE_IO;
		next = io ? &next_io : &next_mem;
		/* The lowest bit that could be set is the size. */
		val &= io ? (uint32_t)PCI_BASE_ADDRESS_IO_MASK : (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
		val &= -val;
		*next = (*next + val - 1) & -val;
		udrv_qtest_config_set(q, off, 4, *next);
		q->bars[n] = (struct udrv_qtest_bar){
			q, (io ? m->ports : m->mem) + *next, val, io,
		};
		*next += val;
		if (!io && udrv_qtest_config(q, off, 4) & PCI_BASE_ADDRESS_MEM_TYPE_64)
			udrv_qtest_config_set(q, PCI_BASE_ADDRESS_0 + 4 * ++n, 4, 0);
	}
	udrv_qtest_config_set(q, PCI_COMMAND, 2, cmd | PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	assign_compat_ide(q);
}

static bool inside(const struct udrv_bar *bar, size_t off, unsigned int width, const char *what)
{
	const struct udrv_qtest_bar *b = bar->io_arg;

	if (off <= bar->len && width <= bar->len - off)
		return true;
	udrv_log(b->q->dev, UDRV_ERR, "%s of %u bytes at %#zx: BAR %d has %#zx bytes", what,
		 width, off, (int)(b - b->q->bars), bar->len);
	return false;
}

static uint32_t bar_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	const struct udrv_qtest_bar *b = bar->io_arg;
	uint64_t val;

	if (!inside(bar, off, width, "read"))
		return UINT32_MAX;
	if (!b->ports || b->q->machine->ports)
		return (uint32_t)udrv_qtest_read(b->q, b->addr + off, width);
	udrv_qtest_cmd(b->q, &val, "in%c 0x%" PRIx64 "\n", "?bw?l"[width], b->addr + off);
	return (uint32_t)val;
}

static void bar_write(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val)
{
	const struct udrv_qtest_bar *b = bar->io_arg;

	if (!inside(bar, off, width, "write"))
		return;
	if (!b->ports || b->q->machine->ports)
		udrv_qtest_write(b->q, b->addr + off, width, val);
	else
		udrv_qtest_cmd(b->q, NULL, "out%c 0x%" PRIx64 " 0x%x\n", "?bw?l"[width],
			       b->addr + off, val);
}

static const struct udrv_bar_io bar_io = { .read = bar_read, .write = bar_write };

int udrv_qtest_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	struct udrv_qtest *q = dev->backend_data;

	if (!q->bars[n].len)
		return -ENOENT;
	*bar = (struct udrv_bar){
		.len = q->bars[n].len, .io = &bar_io, .io_arg = &q->bars[n],
	};
	return 0;
}
