// SPDX-License-Identifier: MIT
/* identify.c - IDENTIFY DEVICE (ATA-6 8.15.8 onwards) and transfer modes. */
#include <string.h>

#include "ide_regs.h"
#include "identify.h"

static uint16_t word(const uint8_t *data, unsigned int n)
{
	return (uint16_t)(data[2 * n] | data[2 * n + 1] << 8);
}

/* Texts are padded with blanks; the first letter is the word's upper half. */
static void text(char *to, const uint8_t *data, unsigned int first, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		char c = (char)data[2 * first + (i ^ 1)];

		to[i] = c >= ' ' && c <= '~' ? c : ' ';
	}
	to[len] = '\0';
	while (len && to[len - 1] == ' ')
		to[--len] = '\0';
}

void ide_identify_model(char model[41], const uint8_t *data)
{
	text(model, data, 27, 40);
}

/* Words 82 to 87 are good if bits 15:14 of word 83 (87) are 01. */
static bool is_valid(uint16_t w)
{
	return w >> 14 == 1;
}

static void sizes(struct ide_id *id, const uint8_t *data)
{
	uint64_t lba48 = 0;

	id->sectors = word(data, 60) | (uint64_t)word(data, 61) << 16;
	for (unsigned int i = 0; i < 4; i++)
		lba48 |= (uint64_t)word(data, 100 + i) << 16 * i;
	if (id->lba48 && lba48 && lba48 <= 1ull << 48)
		id->sectors = lba48;
	else if (id->sectors >= 1ull << 28)
		id->sectors = (1ull << 28) - 1;	/* ATA-6: 268,435,455 at most */
}

/* Word 106; not in ATA-6: ATA-7. */
static const char *sector_sizes(struct ide_id *id, const uint8_t *data)
{
	uint16_t w = word(data, 106);

	id->physical = IDE_SECTOR;
	if (!is_valid(w))
		return NULL;
	if (w & 1u << 12)
		return "its sectors have more than 512 bytes";
	/* More than 4 KiB is no use to anybody above us. */
	if (w & 1u << 13)
		id->physical = IDE_SECTOR << ((w & 15) < 3 ? w & 15 : 3);
	return NULL;
}

static void features(struct ide_id *id, const uint8_t *data)
{
	bool valid = is_valid(word(data, 83)), valid_on = is_valid(word(data, 87));
	uint16_t set2 = word(data, 83), modes = word(data, 53), udma = word(data, 88);

	id->lba48 = valid && set2 & 1u << 10;
	id->flush = valid && set2 & 1u << 12;
	id->flush_ext = id->lba48 && set2 & 1u << 13;
	/* Not in ATA-6: ATA-7. */
	id->fua = id->lba48 && is_valid(word(data, 84)) && word(data, 84) & 1u << 6;
	id->cache_known = valid_on;
	id->write_cache = valid_on && word(data, 85) & 1u << 5;
	id->dma = word(data, 49) & 1u << 8;
	id->mdma = id->dma && modes & 1u << 1 ? word(data, 63) & 7 : 0;
	id->udma = id->dma && modes & 1u << 2 ? udma & 0x7f : 0;
	id->udma_on = id->dma && modes & 1u << 2 ? udma >> 8 & 0x7f : 0;
	id->multiple = word(data, 47) & 0xff;
	/* READ MULTIPLE wants a power of two. */
	while (id->multiple & (id->multiple - 1))
		id->multiple &= id->multiple - 1;
	/* Not in ATA-6: ACS-2.  The command needs DMA and 48-bit registers. */
	id->trim = id->lba48 && id->dma && word(data, 169) & 1;
	id->rotational = word(data, 217) != 1;
}

const char *ide_identify(struct ide_id *id, const uint8_t *data)
{
	const char *why;

	memset(id, 0, sizeof(*id));
	text(id->serial, data, 10, 20);
	text(id->firmware, data, 23, 8);
	ide_identify_model(id->model, data);
	if (word(data, 0) & 1u << 15)
		return "it is not an ATA disk";
	if (!(word(data, 49) & 1u << 9))
		return "it does not know LBA";
	features(id, data);
	sizes(id, data);
	why = sector_sizes(id, data);
	if (!why && !id->sectors)
		why = "it says that it has no sectors";
	return why;
}

/* FNV-1a; the end of a text counts, too. */
uint64_t ide_id_hash(const struct ide_id *id)
{
	const char *const texts[] = { id->model, id->serial };
	uint64_t hash = 0xcbf29ce484222325;

	for (unsigned int i = 0; i < 2; i++) {
		const char *c = texts[i];

		do
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
		while (*c++);
	}
	return hash;
}

static int highest(uint8_t modes)
{
	int n = 7;

	while (n >= 0 && !(modes & 1u << n))
		n--;
	return n;
}

uint8_t ide_mode_first(const struct ide_id *id, uint8_t mdma, uint8_t udma)
{
	int n = highest(id->udma & udma), on = highest(id->udma_on);

	if (on >= 0 && n > on)
		n = on;
	if (n >= 0)
		return (uint8_t)(XFER_UDMA | (unsigned int)n);
	n = highest(id->mdma & mdma);
	return n >= 0 ? (uint8_t)(XFER_MDMA | (unsigned int)n) : 0;
}

/* Only Ultra DMA has CRCs; slower multiword modes would need timings in the
 * controller that only the firmware knows: PIO needs none. */
uint8_t ide_mode_lower(uint8_t mode)
{
	return mode > XFER_UDMA ? mode - 1 : 0;
}

const char *ide_mode_name(uint8_t mode)
{
	static const char *const udma[] = {
		"UDMA/16", "UDMA/25", "UDMA/33", "UDMA/44", "UDMA/66", "UDMA/100", "UDMA/133",
	};
	static const char *const mdma[] = { "MWDMA0", "MWDMA1", "MWDMA2" };

	if (mode >= XFER_UDMA && mode < XFER_UDMA + 7)
		return udma[mode - XFER_UDMA];
	if (mode >= XFER_MDMA && mode < XFER_MDMA + 3)
		return mdma[mode - XFER_MDMA];
	return "PIO";
}
