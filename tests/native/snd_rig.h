/* SPDX-License-Identifier: MIT */
/*
 * snd_rig.h - a sound driver between QEMU's model and an application.
 *
 * The driver lives in a process of its own, so that it can die; the test is
 * the application, and keeps what udrvd would keep: page, ring, eventfds and
 * checkpoint.  What QEMU plays goes into a wav file.
 *
 * Frames are coded with their number, so that any that is lost, played twice
 * or altered is noticed; none is silent.
 */
#ifndef TESTS_NATIVE_SND_RIG_H
#define TESTS_NATIVE_SND_RIG_H

#include <udrv/snd.h>

#include "help.h"

#define RIG_RING	(256u << 10)

struct rig_stream {
	struct udrv_snd_page page __attribute__((aligned(UDRV_SND_PAGE_SIZE)));
	uint8_t ring[RIG_RING];			/* as it should be; the chip's is a copy */
	uint64_t iova;				/* of the chip's; 0: no driver yet */
};

struct rig {
	struct qemu qemu;
	struct udrv_driver drv;			/* with room for the rings */
	pid_t driver;				/* 0: none */
	char wav[64];
	uint8_t *ram;				/* QEMU's */
	size_t ram_len;
	/* Shared with the driver's process: */
	struct rig_stream *stream;		/* one for each direction */
	int checkpoint;				/* memfd */
	struct udrv_checkpoint *cp;
	int bell[UDRV_SND_DIRS][2];	/* the application's end, the driver's */
	int quit;				/* eventfd: end in good order */
};

/* device: with audiodev=a0 for what it is to play on; backend: the rest of
 * -audiodev after the id, or NULL for a wav file with this rate. */
void rig_begin(struct rig *rig, const struct udrv_driver *drv, const char *device,
	       const char *backend, unsigned int rate);
void rig_end(struct rig *rig);
/* The wav file is complete after this; rig_end() must still be called. */
void rig_power_off(struct rig *rig);

void rig_driver_start(struct rig *rig);
void rig_driver_kill(struct rig *rig);		/* SIGKILL */
void rig_driver_stop(struct rig *rig);		/* as by SIGTERM; asserts exit status 0 */

/* ---- the application ------------------------------------------------------- */
extern const struct udrv_snd_params rig_params;	/* 48 kHz, 1 s: a busy machine is in time */

void rig_prepare(struct rig *rig, enum udrv_snd_dir dir, const struct udrv_snd_params *params);
void rig_ring(struct rig *rig, enum udrv_snd_dir dir);
void rig_want(struct rig *rig, enum udrv_snd_dir dir, enum udrv_snd_want want);
struct udrv_snd_drv rig_drv(struct rig *rig, enum udrv_snd_dir dir);
/* Until the stream is in this state; asserts that it gets there within 5 s. */
void rig_wait_is(struct rig *rig, enum udrv_snd_dir dir, enum udrv_snd_is is);
/* Write coded frames until all up to to are in the ring; asserts progress. */
void rig_write(struct rig *rig, uint64_t to);
/* Wait until the driver has seen this frame. */
void rig_wait_hw(struct rig *rig, enum udrv_snd_dir dir, uint64_t frame);

/* ---- what was played --------------------------------------------------------- */
struct rig_played {
	uint64_t frames;			/* coded ones */
	uint64_t lost, repeated, silent;	/* silent: between the first and last */
	uint64_t wrong;				/* no coded frame, not silence */
	uint32_t first;
};
struct rig_played rig_played(struct rig *rig);
/* All of 0 to frames - 1, in order, none lost, repeated or altered.  QEMU keeps
 * the last 20 ms to itself when its voice is stopped. */
#define RIG_TAIL	1100
void rig_assert_played(struct rig *rig, uint64_t frames, uint64_t max_silent);

#endif /* TESTS_NATIVE_SND_RIG_H */
