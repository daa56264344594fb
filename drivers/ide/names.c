// SPDX-License-Identifier: MIT
/* names.c - the registers' names, for traces: BARs 0 and 2 are the channels'
 * command blocks, 1 and 3 their control blocks, 4 the bus masters'. */
#include "ide.h"

#define COMMAND_BLOCK(bar)							\
	{ bar, DATA, 1, "DATA" }, { bar, ERROR, 1, "ERR/FEATURES" },		\
	{ bar, SECTOR_COUNT, 1, "SECTOR_COUNT" }, { bar, LBA_LOW, 1, "LBA_LOW" }, \
	{ bar, LBA_MID, 1, "LBA_MID" }, { bar, LBA_HIGH, 1, "LBA_HIGH" },	\
	{ bar, DEVICE, 1, "DEVICE" }, { bar, STATUS, 1, "STATUS/CMD" }
#define BUS_MASTER(base)							\
	{ 4, (base) + BMIC, 1, "BMIC" }, { 4, (base) + BMIS, 1, "BMIS" },	\
	{ 4, (base) + BMIDTP, 4, "BMIDTP" }

const struct udrv_reg ide_names[] = {
	COMMAND_BLOCK(0), { 1, 0, 4, "CONTROL" },
	COMMAND_BLOCK(2), { 3, 0, 4, "CONTROL" },
	BUS_MASTER(0), BUS_MASTER(BM_CHANNEL),
	{ 0, 0, 0, NULL }
};
