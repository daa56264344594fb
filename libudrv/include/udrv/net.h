/* SPDX-License-Identifier: MIT */
/*
 * Network class: joins a driver's rings to a Linux interface (TAP with vnet
 * headers; docs/driver-process.md, "tap").  The class reads frames from the
 * kernel straight into the driver's transmit buffers and writes received ones
 * straight out of its receive buffers: one copy each, by the kernel.
 *
 * Every frame got from the kernel ends as sent or as dropped in struct
 * udrv_net_state (udrv/checkpoint.h), also across the death of a driver.
 *
 * A driver without a supervisor makes an interface of its own; options:
 * ifname=NAME (default udrv%d), promisc=1.
 */
#ifndef UDRV_NET_H
#define UDRV_NET_H

#include <udrv.h>
#include <udrv/checkpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the kernel wants done to a frame on its way out. */
struct udrv_net_tx {
	bool csum;		/* sum from csum_start to the end of the frame ... */
	uint16_t csum_start;
	uint16_t csum_offset;	/* ... goes here, counted from csum_start */
};

/* All are called from the loop, or from within udrv_net_start(). */
struct udrv_net_ops {
	/* Required.  The longest frame, from destination address to the end of
	 * the payload, that may go on the wire. */
	size_t max_frame;
	/* 0: no checksum offload.  Else the largest csum_start + csum_offset
	 * that tx_submit takes; the class sums up what lies beyond. */
	unsigned int max_csum;

	/* Required.  Where the next frame goes: max_frame + 1 bytes, or NULL
	 * if the ring is full; then udrv_net_tx_done() must follow in the end.
	 * The same buffer is given until tx_submit. */
	void *(*tx_provide)(struct udrv_dev *dev);
	/* Required.  The buffer just provided holds a frame of len bytes.
	 * Guarantees: 14 <= len <= max_frame, the sum lies inside the frame. */
	void (*tx_submit)(struct udrv_dev *dev, size_t len, const struct udrv_net_tx *tx);
	/* Required.  No more frames for now: tell the chip. */
	void (*tx_kick)(struct udrv_dev *dev);
	/* Required.  The interface has this address now.  Called once within
	 * udrv_net_start(), and after each change. */
	void (*set_mac)(struct udrv_dev *dev, const uint8_t mac[6]);
	/* Optional.  Once a second. */
	void (*tick)(struct udrv_dev *dev);
};

/* Embed it in the driver's state, which outlives the loop; read-only for the
 * driver, but for the counters in state. */
struct udrv_net {
	struct udrv_net_state *state;
	bool promisc;			/* option promisc=1 */

	/* The class's own: */
	struct udrv_dev *dev;
	const struct udrv_net_ops *ops;
	struct udrv_tap {
		int fd;
		bool own;		/* made by us, not inherited */
		unsigned int hdr_len;	/* vnet header in front of each frame */
		char name[16];
	} tap;
	struct udrv_op poll_op, timer_op;
	bool polling, ticking;		/* the ops are in flight */
	bool running;
	bool full;			/* the ring was full: waits for tx_done */
	bool first_io;			/* told the supervisor */
	bool carrier, carrier_known;
	uint8_t mac[6];			/* of the interface, as last seen */
};

/*
 * chip_mac: the chip's own address; the interface gets it on the very first
 * start, later the chip follows the interface (set_mac).  Frames may come at
 * once after the return to the loop.  On failure nothing is left to stop.
 */
UDRV_API int udrv_net_start(struct udrv_net *net, struct udrv_dev *dev,
			    const struct udrv_net_ops *ops, const uint8_t chip_mac[6]);
/* In place of it, when a running chip is adopted (udrv_driver.adopt): its ring
 * holds so many frames that the predecessor took and nobody has reported. */
UDRV_API int udrv_net_adopt(struct udrv_net *net, struct udrv_dev *dev,
			    const struct udrv_net_ops *ops, unsigned int in_flight);
/* Frames still in the ring must have been reported by udrv_net_tx_lost(). */
UDRV_API void udrv_net_stop(struct udrv_net *net);

/* The chip has sent frames; or they are lost, say after a reset.  Both make
 * room: reading from the kernel goes on if the ring was full. */
UDRV_API void udrv_net_tx_done(struct udrv_net *net, unsigned int frames, uint64_t bytes);
UDRV_API void udrv_net_tx_lost(struct udrv_net *net, unsigned int frames);

/* Hand a frame to the kernel; the buffer is free again at the return.
 * csum_ok: the chip has verified its TCP or UDP checksum. */
UDRV_API void udrv_net_rx(struct udrv_net *net, const void *frame, size_t len, bool csum_ok);

/* The link went up or down; repeating the same state costs nothing. */
UDRV_API void udrv_net_carrier(struct udrv_net *net, bool up);

/* One store, so that a death leaves either the old or the new value. */
static inline void udrv_net_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

#ifdef __cplusplus
}
#endif

#endif /* UDRV_NET_H */
