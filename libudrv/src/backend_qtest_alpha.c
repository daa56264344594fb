// SPDX-License-Identifier: MIT
/*
 * backend_qtest_alpha.c - QEMU's Alpha board (DP264, "Typhoon" chipset), for
 * models that Debian's x86 QEMU lacks, such as cmd646-ide.
 *
 * Fewer comforts than on x86: qtest cannot watch this chipset's interrupt
 * lines, so we look at its request register every millisecond; its IOMMU
 * reports nothing, so a device reaches all of the RAM; no MSI.
 *
 * Addresses: "Tsunami/Typhoon 21272 Chipset Hardware Reference Manual",
 * chapter 10.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend_qtest.h"

#define PCHIP_WSBA0	0x80180000000ull	/* window 0: base, */
#define PCHIP_WSM0	0x80180000100ull	/* mask, */
#define PCHIP_TBA0	0x80180000200ull	/* where it leads */
#define  WSBA_ENABLE	1u
#define CCHIP_DRIR	0x801a0000300ull	/* interrupt requests, unmasked */

/* The clipper board gives slot n its lines 4n+4 to 4n+7, INTA first. */
#define INTX_LINES	(0xfull << (4 * QTEST_SLOT + 4))

static void alpha_lines(struct udrv_qtest *q)
{
	uint64_t now = udrv_qtest_read(q, CCHIP_DRIR, 8) & INTX_LINES;

	for (unsigned int line = 0; line < 64 && !q->dead; line++)
		if ((now ^ q->level) >> line & 1)
			udrv_qtest_line(q, line, now >> line & 1);
}

static int alpha_setup(struct udrv_qtest *q)
{
	udrv_qtest_quiesce(q);
	/* One window: bus addresses from 0 to 2 GiB are RAM addresses. */
	udrv_qtest_write(q, PCHIP_WSM0, 8, 0x7ff00000);
	udrv_qtest_write(q, PCHIP_TBA0, 8, 0);
	udrv_qtest_write(q, PCHIP_WSBA0, 8, WSBA_ENABLE);
	q->intx_lines = INTX_LINES;
	return q->dead ? -EIO : 0;
}

/* The board loads its firmware (PALcode) as an ELF file. */
static int alpha_firmware(int fd)
{
	/* Writing to the processor register WAIT (253, QEMU's) sleeps. */
	static const uint32_t code[] = { 0x77ff00fd, 0xc3fffffe };
	/* Not at RAM's very start, where udrv_qtest_header is: QEMU loads this later. */
	const uint64_t base = 0xfffffc0000010000ull;
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr;
		uint32_t code[2];
	} image = {
		.ehdr = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_ALPHA, .e_version = EV_CURRENT,
			.e_entry = base, .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.phdr = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X,
			.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.p_vaddr = base, .p_paddr = base,
			.p_filesz = sizeof(code), .p_memsz = sizeof(code), .p_align = 8,
		},
	};

	memcpy(image.code, code, sizeof(code));
	return write(fd, &image, sizeof(image)) == sizeof(image) ? 0 : -EIO;
}

static const char *const alpha_args[] = {
	"-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", NULL
};
static const char *const none[] = { NULL };

const struct udrv_qtest_machine udrv_qtest_alpha = {
	.name = "alpha",
	.binary = "qemu-system-alpha",
	.package = "qemu-system-misc",
	.board = "clipper",
	.args = alpha_args,
	.args_after = none,
	.firmware = alpha_firmware,
	.config = 0x801fe000000ull, .config_shift = 11, .config_size = 256,
	.mem = 0x80000000000ull,
	.ports = 0x801fc000000ull,
	/* PCI memory below 2 GiB is the window's; the bus has 4 GiB. */
	.bar_mem = 0x80000000, .bar_io = 0xc000,
	.ram_free = 1u << 20,
	.tick_ms = 1,
	.setup = alpha_setup,
	.lines = alpha_lines,
	.tick = alpha_lines,
};
