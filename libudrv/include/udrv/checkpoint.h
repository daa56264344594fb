/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint page: what a driver wants its successor to know, in a memfd
 * that the supervisor keeps.  One writer, the driver; every field is written
 * with one store, so that a death between two stores leaves a valid page.
 * Readers (the successor, udrvd) believe nothing they have not checked.
 */
#ifndef UDRV_CHECKPOINT_H
#define UDRV_CHECKPOINT_H

#include <stdint.h>
#include <udrv/snd_abi.h>

#define UDRV_CHECKPOINT_MAGIC	0x76726475u	/* "udrv" */
#define UDRV_CHECKPOINT_SIZE	4096
/* The page and, behind it, struct udrv_handover. */
#define UDRV_CHECKPOINT_FILE	(UDRV_CHECKPOINT_SIZE + UDRV_HANDOVER_SIZE)

enum udrv_class { UDRV_CLASS_NONE, UDRV_CLASS_NET, UDRV_CLASS_BLK, UDRV_CLASS_SND };

#define UDRV_BLK_UNITS		8	/* disks of one device */

enum udrv_blk_flag {
	UDRV_BLK_WRITE_CACHE	= 1 << 0,	/* done is not on the medium: flush */
	UDRV_BLK_FUA		= 1 << 1,	/* can write through it; needs WRITE_CACHE */
	UDRV_BLK_ROTATIONAL	= 1 << 2,
	UDRV_BLK_READ_ONLY	= 1 << 3,
};

/* What a disk is and can; sectors have 512 bytes, always. */
struct udrv_blk_limits {
	uint64_t sectors;		/* its size */
	uint32_t logical_block, physical_block;		/* bytes: 512 ... 4096 */
	uint32_t max_sectors;		/* of one request; whole pages: a multiple of 8 */
	uint32_t max_discard_sectors;	/* 0: it cannot discard */
	uint32_t depth;			/* requests that may be out at once: 4 ... 127 */
	uint32_t flags;			/* enum udrv_blk_flag */
};

struct udrv_checkpoint {
	uint32_t magic;			/* UDRV_CHECKPOINT_MAGIC once valid */
	uint32_t class;			/* enum udrv_class: which part below */
	uint32_t starts;		/* drivers that came up on this page */
	uint32_t reserved;
	union {
		/* Frames; kernel's view: tx is from the kernel to the wire. */
		struct udrv_net_state {
			uint64_t tx_taken;	/* got from the kernel */
			uint64_t tx_sent;	/* reported as sent by the chip */
			uint64_t tx_dropped;	/* taken, not sent, whatever the cause */
			uint64_t rx_frames;	/* given to the kernel */
			uint64_t rx_dropped;	/* good frames that did not reach it */
			uint64_t rx_errors;	/* bad frames or absurd descriptors */
			uint64_t resets;	/* by the driver, of misbehaving hardware */
			uint64_t tx_bytes, rx_bytes;
			uint32_t carrier;	/* 0 or 1 */
			uint32_t mac_valid;	/* the interface has its address */
			uint8_t mac[8];		/* the chip's own; 6 bytes */
		} net;
		struct udrv_blk_state {
			/* limits.sectors 0: there is no such unit.  The rest
			 * counts what was done, over all drivers. */
			struct udrv_blk_unit {
				struct udrv_blk_limits limits;
				uint64_t reads, writes, flushes, discards;
				uint64_t read_sectors, written_sectors;
				uint64_t fua;		/* of the writes */
				uint64_t errors;	/* of all of them */
			} unit[UDRV_BLK_UNITS];
			/* Of each unit: a hash of what names the disk for good; 0:
			 * not told.  Behind them all, for programs that know only
			 * of those. */
			uint64_t id[UDRV_BLK_UNITS];
		} blk;
		struct udrv_snd_state {
			struct udrv_snd_stream_state {
				uint32_t gen;		/* 0: nothing was prepared */
				uint32_t running;	/* the engine was told to go: it
							 * knows best where it is */
				struct udrv_snd_params params;	/* as accepted for gen */
				uint32_t reserved;
				uint64_t hw;		/* where it was last seen */
				uint64_t hw_ns;
				uint64_t xruns;
				uint64_t played;	/* frames of all streams so far */
				uint64_t stopped_ns;	/* when an heir stopped the engine;
							 * 0: it is none's, or goes again */
				uint64_t gap_ns;	/* how long that lasted the last time */
				uint64_t memory;	/* the application's, by inode: another
							 * one's stream is not this one */
				uint64_t mark[32];	/* the driver's own: positions */
			} stream[UDRV_SND_DIRS];
		} snd;
		uint8_t area[UDRV_CHECKPOINT_SIZE - 16];
	};
};

#define UDRV_HANDOVER_MAGIC	0x72696568u	/* "heir" */
#define UDRV_HANDOVER_SIZE	4096
#define UDRV_LAYOUT_MAX		32

/* What a driver leaves that gives its running device to another program.  It is
 * written by the library; state is the driver's own. */
struct udrv_handover {
	uint32_t magic;			/* UDRV_HANDOVER_MAGIC once all of it is there */
	uint32_t len;			/* of state */
	uint32_t sum;			/* of layout and state */
	uint32_t reserved;
	char layout[UDRV_LAYOUT_MAX];	/* udrv_driver.layout */
	uint8_t state[];
};
#define UDRV_HANDOVER_STATE	(UDRV_HANDOVER_SIZE - sizeof(struct udrv_handover))

#endif /* UDRV_CHECKPOINT_H */
