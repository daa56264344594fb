/* SPDX-License-Identifier: MIT */
/* identify.h - what a disk says of itself (pure code). */
#ifndef IDE_IDENTIFY_H
#define IDE_IDENTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDE_SECTOR	512u

struct ide_id {
	char model[41], serial[21], firmware[9];
	uint64_t sectors;
	bool lba48;
	bool dma;
	bool flush, flush_ext;
	bool write_cache;		/* there and on */
	bool cache_known;		/* else it may have one all the same */
	bool fua;			/* writes that go through it */
	bool trim;
	bool rotational;
	uint32_t multiple;		/* sectors in a block of PIO data; 0: one by one */
	uint32_t physical;		/* bytes in a physical sector */
	uint8_t mdma, udma;		/* modes it knows, one bit each */
	uint8_t udma_on;		/* the one that is selected, one bit */
};

/* data: the 512 bytes of IDENTIFY DEVICE.  NULL, or a sentence on why we
 * cannot work with this disk; then only the texts are valid. */
const char *ide_identify(struct ide_id *id, const uint8_t *data);
/* Of what names the disk for good: its model and serial number. */
uint64_t ide_id_hash(const struct ide_id *id);
/* The model's name also for an IDENTIFY PACKET DEVICE. */
void ide_identify_model(char model[41], const uint8_t *data);

/*
 * Transfer modes, as SET FEATURES knows them; 0 is PIO.  The first is the best
 * of drive and controller (masks of modes), but no faster than what the
 * firmware chose: it knows the cable.
 */
uint8_t ide_mode_first(const struct ide_id *id, uint8_t mdma, uint8_t udma);
/* After errors on the cable: slower. */
uint8_t ide_mode_lower(uint8_t mode);
const char *ide_mode_name(uint8_t mode);

#endif /* IDE_IDENTIFY_H */
