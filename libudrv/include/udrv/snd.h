/* SPDX-License-Identifier: MIT */
/*
 * Sound class: joins the DMA engines of a chip to the shared rings of
 * udrv/snd_abi.h.  The class reads what the application wants, judges it, and
 * tells the driver; the driver tells where its engine is.
 *
 * Descriptors "playback", "capture" and "mixer" (memfds), "playback-bell",
 * "capture-bell" and "sound" (sockets) come from the supervisor, see
 * docs/driver-process.md.
 */
#ifndef UDRV_SND_H
#define UDRV_SND_H

#include <udrv.h>
#include <udrv/checkpoint.h>
#include <udrv/snd_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of DMA memory for the ring of a stream that nobody brings one for, and so
 * nobody listens to. */
#define UDRV_SND_RING_SIZE	(16u << 10)

/* All are called from the loop, or from within udrv_snd_start(). */
struct udrv_snd_ops {
	/* The engine halts by itself at limit, which is the end of a period then
	 * (but for the last one).  Else limit is wherever the data end, and the
	 * class stops the engine when it has gone beyond. */
	bool halts;

	/* Required.  The engine stands still: set rate and format.  Guarantees:
	 * params lie within the stream's caps and fit into its ring. */
	int (*prepare)(struct udrv_dev *dev, enum udrv_snd_dir dir,
		       const struct udrv_snd_params *params);
	/* Required.  Go, from exactly this frame, and not beyond limit (> frame). */
	int (*run)(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t frame,
		   uint64_t limit);
	/* Required.  The engine runs: it may go to limit, which never sinks.
	 * Called at each interrupt and each ring of the bell, also if limit is what it was. */
	void (*extend)(struct udrv_dev *dev, enum udrv_snd_dir dir, uint64_t limit);
	/* Required.  The frame that is played or recorded next. */
	uint64_t (*position)(struct udrv_dev *dev, enum udrv_snd_dir dir);
	/* Required.  Stop; returns the frame that would have been next. */
	uint64_t (*halt)(struct udrv_dev *dev, enum udrv_snd_dir dir);
	/* Required with controls.  Guarantees: values lie within the control's range;
	 * the second one is that of the first if the control has one channel. */
	int (*set)(struct udrv_dev *dev, unsigned int control, const int32_t value[2]);
};

/* One stream; read-only for the driver, but for state->mark. */
struct udrv_snd_stream {
	struct udrv_snd_stream_state *state;	/* params, in the checkpoint */
	struct udrv_dma ring;

	/* The class's own: */
	struct udrv_snd *snd;
	enum udrv_snd_dir dir;
	struct udrv_snd_caps caps;
	struct udrv_snd_share {
		struct udrv_snd_page *page;
		int bell;			/* our end; -1: nobody is there */
		size_t map_len;			/* of a memfd; 0: private memory */
		uint64_t memory;		/* which memfd; 0: private */
	} share;
	uint64_t limit;				/* as the driver knows it */
	uint64_t woken;				/* position of the last wake-up */
	uint32_t gen;				/* the newest one dealt with */
	uint32_t is;
	bool running;				/* the engine */
	struct udrv_op bell_op;
	bool polling;
	uint64_t tick_hw;			/* at the last tick */
	unsigned int still;			/* ticks since it moved */
};

/* Embed it in the driver's state, which outlives the loop. */
struct udrv_snd {
	struct udrv_dev *dev;
	const struct udrv_snd_ops *ops;
	struct udrv_snd_stream stream[UDRV_SND_DIRS];
	struct udrv_snd_knobs {
		struct udrv_snd_mixer *page;	/* NULL: nobody turns them */
		const struct udrv_snd_control *list;
		unsigned int n;
		int32_t set[UDRV_SND_CONTROLS][2];	/* what the driver was told */
	} knobs;
	bool active;
	bool first_io;				/* told the supervisor */
	struct udrv_op tick_op;
	bool ticking;
	struct udrv_op news_op;
	bool listening;
};

/*
 * Before udrv_snd_start(), optional: the driver's controls, of which list lives as
 * long as snd.  All are set at the return, to what they were under the last driver
 * or to their initial values, and later whenever somebody turns one.
 */
UDRV_API int udrv_snd_mixer_start(struct udrv_snd *snd, struct udrv_dev *dev,
				  const struct udrv_snd_ops *ops,
				  const struct udrv_snd_control *list, unsigned int n);

/* caps of a direction that the chip lacks: NULL.  Streams that a predecessor
 * had running run at the return. */
UDRV_API int udrv_snd_start(struct udrv_snd *snd, struct udrv_dev *dev,
			    const struct udrv_snd_ops *ops,
			    const struct udrv_snd_caps *const caps[UDRV_SND_DIRS]);
/* Halts the engines; the next driver goes on from there. */
UDRV_API void udrv_snd_stop(struct udrv_snd *snd);

/* Look at both sides of a stream and act: call it for each interrupt. */
UDRV_API void udrv_snd_service(struct udrv_snd *snd, enum udrv_snd_dir dir);

/*
 * For udrv_driver.halt(): what the checkpoint says of a stream whose engine
 * was told to run, by us or a predecessor; NULL if there is none.
 * udrv_snd_inherit() notes the frame at which it was stopped now; one that
 * cannot be right is replaced by the last one known (-EUCLEAN).
 */
UDRV_API struct udrv_snd_stream_state *udrv_snd_running(struct udrv_dev *dev,
							enum udrv_snd_dir dir);
UDRV_API int udrv_snd_inherit(struct udrv_snd_stream_state *state, uint64_t frame);
/* How far the application of that stream has written by now, which may be further than
 * any driver knew; 0: nobody knows. */
UDRV_API uint64_t udrv_snd_written(struct udrv_dev *dev, enum udrv_snd_dir dir);

/* Bytes of a frame. */
static inline unsigned int udrv_snd_frame_bytes(const struct udrv_snd_params *p)
{
	return p->channels * (p->format == UDRV_SND_S16 ? 2 : 4);
}

#ifdef __cplusplus
}
#endif

#endif /* UDRV_SND_H */
