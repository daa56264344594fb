/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the chip's rings of descriptors as pure code: memory in, memory
 * out, no registers.
 *
 * The chip shares descriptors and buffers, and may be broken or hostile: what
 * is read from there is read once, checked, and never used as an index.  What
 * we must be able to rely on (lengths of frames under way, positions) is kept
 * in our own memory.
 *
 * Positions are free-running; the slot is position & (size - 1).
 */
#ifndef E1000_RING_H
#define E1000_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define E1000_SLOTS	256u		/* a power of two, >= 8 (SDM 13.4.27) */
#define E1000_BUF	2048u		/* bytes for each slot */

struct e1000_desc {
	uint64_t addr, info;		/* little-endian */
};

/* Memory of a ring: descriptors and buffers, size slots of each. */
struct e1000_ring {
	struct e1000_desc *desc;
	uint8_t *buf;
	uint64_t buf_iova;
	unsigned int size;		/* <= E1000_SLOTS */
};

struct e1000_tx {
	struct e1000_ring ring;
	unsigned int next;		/* the next slot to fill */
	unsigned int clean;		/* the oldest that is not known to be sent */
	unsigned int frames;		/* between the two */
	bool context;			/* the chip knows these: */
	uint8_t tucss, tucso;
	struct {
		uint16_t len;		/* of the frame that begins here */
		uint8_t slots;		/* it takes: 1, or 2 with a context */
	} slot[E1000_SLOTS];
};

void e1000_tx_init(struct e1000_tx *tx, const struct e1000_ring *ring);
/* Go on where another left off, in the same memory (init has set where that is);
 * false: that cannot be. */
bool e1000_tx_resume(struct e1000_tx *tx, const struct e1000_tx *left);
/* Buffer for the next frame, or NULL: full. */
void *e1000_tx_provide(struct e1000_tx *tx);
/* Queue the buffer just provided.  csum: sum from start on, put it at
 * start + offset (both together <= 255). */
void e1000_tx_submit(struct e1000_tx *tx, size_t len, bool csum, unsigned int start,
		     unsigned int offset);
/* Take back one frame that was sent; its length, or 0 if there is none. */
unsigned int e1000_tx_reclaim(struct e1000_tx *tx);
unsigned int e1000_tx_tail(const struct e1000_tx *tx);		/* for TDT */
/* Can TDH be true?  It must lie among what we queued. */
bool e1000_tx_head_ok(const struct e1000_tx *tx, uint32_t head);

enum e1000_rx_kind {
	E1000_RX_NONE,			/* the chip is not there yet */
	E1000_RX_FRAME,
	E1000_RX_BAD,			/* an error on the wire */
	E1000_RX_ABSURD,		/* no working chip writes this */
	E1000_RX_REST,			/* more of a frame reported as absurd */
};

struct e1000_frame {
	const uint8_t *data;
	size_t len;
	bool csum_ok;
};

struct e1000_rx {
	struct e1000_ring ring;
	unsigned int next;		/* the next slot to look at */
	unsigned int tail;		/* the chip owns [next, tail) */
	bool chain;			/* within a frame of several slots */
};

/* All slots but one become the chip's (a full ring would look empty to it). */
void e1000_rx_init(struct e1000_rx *rx, const struct e1000_ring *ring);
bool e1000_rx_resume(struct e1000_rx *rx, const struct e1000_rx *left);
/* Look at the next slot.  Unless NONE is returned, frame (set if FRAME is) may
 * be read until e1000_rx_return(), which must follow. */
enum e1000_rx_kind e1000_rx_look(struct e1000_rx *rx, struct e1000_frame *frame);
void e1000_rx_return(struct e1000_rx *rx);
unsigned int e1000_rx_tail(const struct e1000_rx *rx);		/* for RDT */
bool e1000_rx_head_ok(const struct e1000_rx *rx, uint32_t head);
/* Does the chip claim to have filled slots (RDH) whose descriptors it has not
 * written?  Momentarily yes, so ask twice. */
bool e1000_rx_behind(const struct e1000_rx *rx, uint32_t head);
/* The slot that we kept for ourselves must be as we left it. */
bool e1000_rx_gap_ok(const struct e1000_rx *rx);

#endif /* E1000_RING_H */
