/* SPDX-License-Identifier: MIT */
/*
 * What an application and a sound driver say to each other: for each stream
 * one memfd, a control page and behind it the ring, which is the very memory
 * that the chip reads or writes.  Nothing is asked and answered: each side
 * writes its own part of the page, and after that rings the bell, a pair of
 * stream sockets: any byte in it wakes the other side.  (Sockets, because each
 * end has flags of its own: nobody can make the other side's writes block.)
 *
 * Positions are frames since the stream was prepared; frame P lies at frame
 * P % frames of the ring.  Playback: the application has filled the ring up to
 * appl.  Capture: it has read up to appl.  The driver is at hw.
 *
 * The driver may die and be replaced at any moment.  Its successor finds here
 * what is wanted, goes on from the exact frame, and nobody is told.
 *
 * Neither side believes the other: values that make no sense count as "nothing
 * to do".
 */
#ifndef UDRV_SND_ABI_H
#define UDRV_SND_ABI_H

#include <stdint.h>

#define UDRV_SND_MAGIC		0x646e7375u	/* "usnd": the driver has filled in caps */
#define UDRV_SND_DIR		"/run/udrv"	/* DIR/NAME.snd, unless configured otherwise */
#define UDRV_SND_PAGE_SIZE	4096

enum udrv_snd_dir { UDRV_SND_PLAYBACK, UDRV_SND_CAPTURE, UDRV_SND_DIRS };

/* Little-endian, interleaved.  S32 also carries 20 and 24 bits, at its top. */
enum udrv_snd_format { UDRV_SND_S16, UDRV_SND_S32, UDRV_SND_FORMATS };

/* What the application wants. */
enum udrv_snd_want {
	UDRV_SND_IDLE,		/* stop; what was not played is forgotten with the next gen */
	UDRV_SND_RUN,		/* as far as appl allows; with some chips whole periods */
	UDRV_SND_PAUSE,		/* stop, go on later from the same frame */
	UDRV_SND_DRAIN,		/* play all up to appl, then stop */
};

/* What the stream does. */
enum udrv_snd_is {
	UDRV_SND_OFF,		/* no stream was prepared */
	UDRV_SND_READY,		/* prepared; waits for RUN */
	UDRV_SND_RUNNING,
	UDRV_SND_PAUSED,
	UDRV_SND_STARVED,	/* RUN, but nothing, or less than a period, to play
				 * (capture: no room): goes on as soon as appl moves */
	UDRV_SND_DRAINED,
	UDRV_SND_REFUSED,	/* gen came with parameters outside caps */
};

struct udrv_snd_params {
	uint32_t format;	/* enum udrv_snd_format */
	uint32_t channels;
	uint32_t rate;		/* frames in a second */
	uint32_t period;	/* frames between two wake-ups */
	uint32_t frames;	/* used of the ring: a multiple of period, two or more */
};

/* Bit n of rates stands for entry n of this list. */
#define UDRV_SND_RATES	{ 8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, \
			  176400, 192000 }

/* What the chip can do; formats 0: there is no such stream. */
struct udrv_snd_caps {
	uint32_t formats;		/* bit n: enum udrv_snd_format n */
	uint32_t channels;		/* bit n: n channels */
	uint32_t rate_min, rate_max;
	uint32_t rates;			/* 0: any between min and max */
	uint32_t period_min, period_max;	/* frames */
	uint32_t periods_max;
};

struct udrv_snd_page {
	/* Written by the driver before magic, then constant. */
	uint32_t magic;
	uint32_t ring_len;		/* bytes */
	struct udrv_snd_caps caps;
	/* Written by the application: params while want is IDLE, then gen. */
	struct udrv_snd_app {
		uint32_t gen;		/* a new stream with each new value; not 0 */
		uint32_t want;
		struct udrv_snd_params params;
		uint32_t reserved;
		uint64_t appl;
	} app __attribute__((aligned(64)));
	/* Written by the driver.  hw belongs to gen. */
	struct udrv_snd_drv {
		uint32_t gen;		/* the stream that the rest is about */
		uint32_t is;
		uint64_t hw;
		uint64_t hw_ns;		/* CLOCK_MONOTONIC when it was there */
		uint64_t xruns;		/* times it was STARVED */
	} drv __attribute__((aligned(64)));
};

/* ---- the mixer --------------------------------------------------------------- */

/*
 * One page, which udrvd keeps: values outlive drivers, and the next one sets them
 * again before it plays a frame.  Applications can only read it; they send udrvd
 * what they want changed (struct udrv_snd_set), and udrvd tells the driver and all
 * others.  A value may be anything: drivers and readers bring it into its range.
 */
#define UDRV_SND_CONTROLS	16

enum udrv_snd_control_type { UDRV_SND_VOLUME, UDRV_SND_SWITCH };

struct udrv_snd_control {
	char name[44];			/* as ALSA calls them: "Master Playback Volume" */
	uint32_t type;			/* enum udrv_snd_control_type */
	uint32_t channels;		/* 1, or 2: left and right */
	int32_t min, max;		/* of a switch: 0 and 1 (on) */
	int32_t initial;
	int32_t db_min, db_step;	/* 0.01 dB, at min and for each step; 0: not known */
};

struct udrv_snd_mixer {
	/* Written by the driver, magic last. */
	uint32_t magic;
	uint32_t n;
	struct udrv_snd_control control[UDRV_SND_CONTROLS];
	/* Written by udrvd; initial values by the first driver. */
	int32_t value[UDRV_SND_CONTROLS][2];
};

struct udrv_snd_set {
	uint32_t magic;
	uint32_t control;
	int32_t value[2];
};

/* ---- the way to all that ------------------------------------------------------ */

/* In requests, instead of a direction. */
#define UDRV_SND_MIXER	UDRV_SND_DIRS

/*
 * An application sends a request to the supervisor's socket (SEQPACKET), and gets
 * an answer, with it memory and bell (SCM_RIGHTS).  The stream is its own until it
 * closes the connection or dies; the next one gets other memory.
 *
 * With the mixer's answer comes its memory only.  The connection takes
 * struct udrv_snd_set, and any byte from it says that something has changed.
 */
struct udrv_snd_request {
	uint32_t magic;			/* UDRV_SND_MAGIC */
	uint32_t dir;			/* enum udrv_snd_dir, or UDRV_SND_MIXER */
};

struct udrv_snd_answer {
	uint32_t magic;
	int32_t error;			/* 0, or -EBUSY: another one has it, ... */
};

#endif /* UDRV_SND_ABI_H */
