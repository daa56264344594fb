// SPDX-License-Identifier: MIT
/* command.c - commands, descriptors and errors as values. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "command.h"
#include "ide_regs.h"

#define LBA28		(1ull << 28)

static int check_range(const struct ide_id *id, uint64_t sector, uint32_t nsect, uint32_t max)
{
	if (!nsect || nsect > max || sector >= id->sectors || nsect > id->sectors - sector)
		return -EINVAL;
	return 0;
}

/* Indexed by [write][ext]. */
static const uint8_t op_dma[2][2] = {
	{ READ_DMA, READ_DMA_EXT }, { WRITE_DMA, WRITE_DMA_EXT },
};
static const uint8_t op_multiple[2][2] = {
	{ READ_MULTIPLE, READ_MULTIPLE_EXT }, { WRITE_MULTIPLE, WRITE_MULTIPLE_EXT },
};
static const uint8_t op_single[2][2] = {
	{ READ_SECTORS, READ_SECTORS_EXT }, { WRITE_SECTORS, WRITE_SECTORS_EXT },
};

int ide_cmd_rw(struct ide_cmd *cmd, const struct ide_id *id, bool write, bool dma,
	       uint32_t multiple, uint64_t sector, uint32_t nsect)
{
	const uint8_t (*op)[2] = dma ? op_dma : multiple ? op_multiple : op_single;
	/* The 28-bit form takes four register writes less: use it if it fits.
	 * QEMU only: a command that ends at sector 2^28 selects drive 1. */
	bool ext = nsect > IDE_MAX_LBA28 || sector + nsect >= LBA28;

	if (ext && !id->lba48)
		return -EINVAL;
	if (check_range(id, sector, nsect, ext ? IDE_MAX_LBA48 : IDE_MAX_LBA28))
		return -EINVAL;
	*cmd = (struct ide_cmd){
		.command = op[write][ext],
		.protocol = dma ? write ? IDE_DMA_OUT : IDE_DMA_IN : write ? IDE_PIO_OUT : IDE_PIO_IN,
		.ext = ext, .lba = sector, .nsect = nsect,
		.count = (uint16_t)(nsect & (ext ? 0xffff : 0xff)),
		.block = multiple ? multiple : 1,
	};
	return 0;
}

/* These have the 48-bit form only, whose count is not the other one's. */
bool ide_cmd_fua(struct ide_cmd *cmd, const struct ide_id *id)
{
	if (!id->fua)
		return false;
	if (cmd->protocol == IDE_DMA_OUT)
		cmd->command = WRITE_DMA_FUA_EXT;
	else if (cmd->command == WRITE_MULTIPLE || cmd->command == WRITE_MULTIPLE_EXT)
		cmd->command = WRITE_MULTIPLE_FUA_EXT;
	else
		return false;
	cmd->ext = true;
	cmd->count = (uint16_t)cmd->nsect;
	return true;
}

void ide_cmd_flush(struct ide_cmd *cmd, const struct ide_id *id)
{
	*cmd = (struct ide_cmd){
		.command = id->flush_ext ? FLUSH_CACHE_EXT : FLUSH_CACHE,
		.ext = id->flush_ext,
	};
}

/* ACS-2 7.10: each range is 48 bits of address below 16 bits of length. */
int ide_cmd_trim(struct ide_cmd *cmd, const struct ide_id *id, uint64_t sector,
		 uint32_t nsect, uint8_t *ranges)
{
	if (!id->trim || check_range(id, sector, nsect, IDE_MAX_TRIM))
		return -EINVAL;
	memset(ranges, 0, IDE_SECTOR);
	for (unsigned int i = 0; nsect; i++) {
		uint32_t n = nsect < DSM_ENTRY_MAX ? nsect : DSM_ENTRY_MAX;
		uint64_t entry = htole64(sector | (uint64_t)n << 48);

		memcpy(ranges + i * sizeof(entry), &entry, sizeof(entry));
		sector += n;
		nsect -= n;
	}
	*cmd = (struct ide_cmd){
		.command = DATA_SET_MANAGEMENT, .protocol = IDE_DMA_OUT, .feature = DSM_TRIM,
		.ext = true, .count = 1, .nsect = 1,
	};
	return 0;
}

int ide_prd_build(struct ide_prd prd[IDE_PRDS], uint64_t iova, size_t len)
{
	unsigned int n = 0;

	if (!len || len > IDE_PRDS * (size_t)PRD_MAX || (iova | len) & 1 ||
	    iova + len > 1ull << 32)
		return -EINVAL;
	while (len) {
		uint32_t room = PRD_MAX - (uint32_t)(iova & (PRD_MAX - 1));
		uint32_t piece = len < room ? (uint32_t)len : room;

		if (n == IDE_PRDS)
			return -EINVAL;
		iova += piece;
		len -= piece;
		prd[n++] = (struct ide_prd){
			.base = htole32((uint32_t)(iova - piece)),
			.count = htole32((piece & (PRD_MAX - 1)) | (len ? 0 : PRD_EOT)),
		};
	}
	return (int)n;
}

int ide_errno(uint8_t error)
{
	/* All ones is a bus without a drive. */
	return error != 0xff && error & ERROR_UNC ? -ENODATA : -EIO;
}
