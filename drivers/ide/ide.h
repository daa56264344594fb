/* SPDX-License-Identifier: MIT */
/*
 * ide.h - the driver's parts: command.c and identify.c (pure), hw.c
 * (registers), probe.c (what is there, at the start), channel.c (commands under
 * way), tick.c (those that take long), recover.c (what goes wrong with them),
 * ide.c (the controller); disk.c joins it all to block devices.
 */
#ifndef IDE_H
#define IDE_H

#include <linux/time_types.h>
#include <udrv.h>

#include "command.h"
#include "ide_regs.h"

#define IDE_CHANNELS	2
#define IDE_DRIVES	2		/* of a channel */
#define IDE_BRIEF	64u	/* sectors: during more there is time for better than to watch */

enum ide_op { IDE_READ, IDE_WRITE, IDE_FLUSH, IDE_DISCARD };

/* The caller's until ide_submit(), and again from done() on. */
struct ide_req {
	enum ide_op op;
	uint64_t sector;
	uint32_t nsect;
	bool fua;			/* WRITE: done means on the medium */
	struct udrv_dma buf;		/* READ, WRITE: nsect * 512 bytes */
	/* 0; -ENODATA: bad sector; -EIO; -ETIMEDOUT; -ENODEV: the drive has
	 * failed; -EOPNOTSUPP.  Called from the loop, or within ide_submit(). */
	void (*done)(struct ide_req *req, int status);

	/* The engine's: */
	unsigned int drive;
	unsigned int tries;
	/* A write with fua on a drive without such commands takes two: */
	bool flush_next, written;
	struct ide_req *next;
};

/* What must be told to a drive after a reset, in this order. */
enum ide_setup {
	IDE_SETUP_MODE = 1 << 0, IDE_SETUP_MULTIPLE = 1 << 1, IDE_SETUP_STANDBY = 1 << 2,
	IDE_SETUP_ALL = 7,
};

struct ide_drive {
	bool present;
	struct ide_id id;
	uint8_t mode;			/* of transfer; 0: PIO */
	uint32_t multiple;		/* as set in the drive */
	unsigned int setup;		/* enum ide_setup: still to do */
	unsigned int dma_trouble;	/* since the last DMA that went well */
	unsigned int resets;		/* since the last request that went well */
	bool no_flush;			/* it was asked, and said that it cannot */
};

enum ide_state {
	IDE_IDLE,
	IDE_RUN,			/* a command is under way */
	IDE_WAIT_DRQ,			/* PIO out: the drive is not ready for data yet */
	IDE_WAIT_RESET,			/* SRST is over, a drive still busy */
	IDE_DEAD,			/* gave up; all requests fail */
};

struct ide_channel {
	struct ide *ide;
	struct udrv_bar cmd, ctl, bm;
	size_t ctl_off, bm_off;		/* of our part in these windows */
	unsigned int n;
	int selected;			/* drive; -1: unknown */
	bool exists;			/* false: nobody answers here */
	bool polled;			/* without interrupts */
	bool silent;			/* the drives are told to give none: nIEN */
	bool ticking, polling;		/* the timers' ops are in flight */
	bool pumping;			/* ide_pump() is at work */
	/* A tick ago: an interrupt nobody took; a command nobody works on. */
	bool pending_seen, lost_seen;
	uint8_t bmic, bmis_keep;
	struct ide_drive drives[IDE_DRIVES];
	struct udrv_op tick_op, poll_op;
	struct __kernel_timespec poll_ts;
	unsigned int poll_us;
	/* Commands that were watched in vain, in a row; how many to come are not
	 * watched for that. */
	unsigned int watched, unwatched;

	/* The command under way; req is NULL if it is one of ours (setup). */
	struct ide_req *req;
	struct ide_cmd now;
	enum ide_state state;
	unsigned int now_drive, now_setup;
	uint32_t done_sect;		/* PIO: moved so far */
	char *data;
	uint64_t started_ns, deadline_ns;

	struct ide_req *head, **tail;	/* waiting */

	struct ide_prd *prd;
	uint8_t *ranges;		/* TRIM: 512 bytes */
	uint32_t prd_iova, ranges_iova;

	unsigned int lost_in_row;
	/* For the log and for tests: */
	unsigned int interrupts, lost_interrupts, all_resets;
};

static inline bool ide_is_dma(const struct ide_channel *ch)
{
	return ch->now.protocol == IDE_DMA_IN || ch->now.protocol == IDE_DMA_OUT;
}

struct ide_chip {
	const char *name;
	struct udrv_id id;
	uint8_t mdma, udma;		/* modes it knows, one bit each */
	/* Optional: timing for this mode. */
	void (*set_mode)(const struct ide_channel *ch, unsigned int drive, uint8_t mode);
};

struct ide {
	struct udrv_dev *dev;
	const struct ide_chip *chip;
	unsigned int native;		/* channels in native mode, one bit each */
	unsigned int timeout_ms;	/* for a command */
	unsigned int reset_ms;		/* for a reset */
	unsigned int standby;		/* units of 5 s, 0: never */
	bool pio;			/* never DMA */
	bool polled;			/* never interrupts */
	unsigned int spin_us;		/* a command is watched so long before we sleep */
	bool gone;
	struct udrv_dma page;		/* PRDs and ranges of both channels */
	struct ide_channel ch[IDE_CHANNELS];
};

/* ide.c: a udrv_driver's functions, for a private state that starts with a
 * struct ide.  ide_start() fails with -ENODEV if there is no disk at all. */
extern const struct udrv_id ide_ids[];
extern const struct udrv_reg ide_names[];
int ide_reset(struct udrv_dev *dev);
int ide_start(struct udrv_dev *dev);
void ide_stop(struct udrv_dev *dev);
/* -ENODEV, -EINVAL at once; else done() will be called, or was. */
int ide_submit(struct ide *ide, unsigned int channel, unsigned int drive, struct ide_req *req);
void ide_gone(struct ide *ide);		/* the whole device */

/* The channel's interrupt again, from its very beginning; else polled. */
void ide_irq_renew(struct ide_channel *ch);

/* hw.c: registers.  Waits are short: none is longer than IDE_SELECT_US. */
#define IDE_SELECT_US	1000
/* A register of the command block. */
static inline uint8_t ide_get(const struct ide_channel *ch, size_t reg)
{
	return udrv_read8(&ch->cmd, reg);
}
uint8_t ide_hw_status(const struct ide_channel *ch);	/* acknowledges nothing */
void ide_hw_interrupts(struct ide_channel *ch, bool on);
/* To be followed by a pause, and that by a wait for BSY. */
#define IDE_SRST_US	2000	/* ATA-6 9.2: so long not a look */
void ide_hw_srst(struct ide_channel *ch);
void ide_hw_dma_off(struct ide_channel *ch);		/* and nothing pending */
/* Point the bus master to the PRD table; start it; stop it, acknowledge. */
void ide_hw_dma_aim(struct ide_channel *ch, bool to_memory);
void ide_hw_dma_go(struct ide_channel *ch);
/* -EBUSY: the drive does not take commands. */
int ide_hw_issue(struct ide_channel *ch, unsigned int drive, const struct ide_cmd *cmd);
void ide_hw_data_in(const struct ide_channel *ch, void *to, size_t bytes);
void ide_hw_data_out(const struct ide_channel *ch, const void *from, size_t bytes);
/* Drive does cmd while we wait, at most ms; PIO in or no data.  Only at the
 * start and the end, when nothing else is under way. */
int ide_hw_polled(struct ide_channel *ch, unsigned int drive, const struct ide_cmd *cmd,
		  void *data, unsigned int ms);

/* probe.c: what is there; blocks for as long as drives need after a reset. */
/* Reset the channels of this mask that exist; fates: 0 or -errno for each. */
void ide_probe_reset(struct ide *ide, unsigned int mask, int fates[IDE_CHANNELS]);
void ide_probe(struct ide_channel *ch);

/* channel.c */
/* The next set-up command that some drive needs; false: none. */
bool ide_setup_next(struct ide_channel *ch);
void ide_pump(struct ide_channel *ch);		/* start what waits */
void ide_interrupt(struct ide_channel *ch);	/* maybe ours */
void ide_check(struct ide_channel *ch);		/* polled: is it over? */
void ide_timers_init(struct ide_channel *ch);
uint8_t ide_bmis(const struct ide_channel *ch);
/* The drive has something to say, which BMIS says, too. */
void ide_advance(struct ide_channel *ch, uint8_t bmis);
void ide_poll_soon(struct ide_channel *ch);
/* The command is over: status goes to its owner; the next one starts. */
void ide_finish(struct ide_channel *ch, int status);
void ide_again(struct ide_channel *ch, struct ide_req *req);	/* before all others */
void ide_forget(struct ide_channel *ch);	/* all requests, without a word */
/* Those that wait for this drive, linked by next. */
struct ide_req *ide_take_all(struct ide_channel *ch, unsigned int drive);

/* tick.c: commands that take suspiciously long. */
void ide_tick_arm(struct ide_channel *ch);
void ide_tick(struct udrv_op *op, int res, unsigned int flags);

/* recover.c: the command under way failed because ... */
void ide_drive_error(struct ide_channel *ch, uint8_t status, uint8_t error);
void ide_channel_trouble(struct ide_channel *ch, const char *what);
void ide_reset_check(struct ide_channel *ch);	/* IDE_WAIT_RESET: over? */
void ide_channel_die(struct ide_channel *ch, int status);

#endif /* IDE_H */
