/* SPDX-License-Identifier: MIT */
/* command.h - commands, descriptors and errors as values (pure code). */
#ifndef IDE_COMMAND_H
#define IDE_COMMAND_H

#include "identify.h"

/* ATA-6 clause 9: how a command's data move. */
enum ide_protocol { IDE_NODATA, IDE_PIO_IN, IDE_PIO_OUT, IDE_DMA_IN, IDE_DMA_OUT };

/* A command before it goes into the registers. */
struct ide_cmd {
	uint8_t command;
	enum ide_protocol protocol;
	uint8_t feature;
	bool ext;			/* the 48-bit registers are meant */
	uint16_t count;
	uint64_t lba;
	uint32_t nsect;			/* data, in 512 bytes */
	uint32_t block;			/* PIO: sectors for each interrupt */
};

/* Sectors of one command: the count 0 means 256 or 65536. */
#define IDE_MAX_LBA28	256u
#define IDE_MAX_LBA48	65536u

/* dma: else PIO, in blocks of multiple sectors (0: the drive does not do
 * that).  -EINVAL: it does not fit into the disk or one command. */
int ide_cmd_rw(struct ide_cmd *cmd, const struct ide_id *id, bool write, bool dma,
	       uint32_t multiple, uint64_t sector, uint32_t nsect);
/* Turn a write into one that is done when the medium has the data.  false: this
 * drive has no such form of it, and a FLUSH CACHE must follow. */
bool ide_cmd_fua(struct ide_cmd *cmd, const struct ide_id *id);
void ide_cmd_flush(struct ide_cmd *cmd, const struct ide_id *id);
/* ranges: 512 bytes for the drive to read.  -EINVAL as above. */
int ide_cmd_trim(struct ide_cmd *cmd, const struct ide_id *id, uint64_t sector,
		 uint32_t nsect, uint8_t *ranges);
#define IDE_MAX_TRIM	(64u * 65535u)	/* sectors */

/* SFF-8038i 1.2, little-endian. */
struct ide_prd {
	uint32_t base;
	uint32_t count;
};
#define IDE_PRDS	64u
/*
 * Cut [iova, iova + len) so that no piece crosses a multiple of 64 KiB.  The
 * number of pieces; -EINVAL: an odd address or length, nothing, too much, or
 * beyond 32 bits.
 */
int ide_prd_build(struct ide_prd prd[IDE_PRDS], uint64_t iova, size_t len);

/* Why a drive did not do it, out of Error: -ENODATA for a bad sector, -EIO. */
int ide_errno(uint8_t error);

#endif /* IDE_COMMAND_H */
