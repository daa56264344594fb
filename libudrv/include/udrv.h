/* SPDX-License-Identifier: MIT */
/*
 * udrv - user-mode device drivers for Linux.
 *
 * A driver is a process: it inherits its device as file descriptors, maps the
 * registers, sleeps in one event loop, and may die without taking the machine
 * along.  examples/edu.c is a whole driver; start there.
 *
 * Calls that can fail return 0 or a negative errno, say why in the log, and
 * touch their outputs only on success.  Nothing here locks: one device, one
 * thread.  The library never exits and never prints on success.
 */
#ifndef UDRV_H
#define UDRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <udrv/version.h>	/* UDRV_API, UDRV_VERSION_{MAJOR,MINOR} */

#ifdef __cplusplus
extern "C" {
#endif

struct io_uring_sqe;
struct udrv_dev;		/* a claimed device */
struct udrv_loop;		/* an event loop over io_uring */
struct udrv_bar_io;		/* how registers without an address are reached */

/* A window of registers.  With io == NULL, base may be dereferenced;
 * otherwise (I/O ports, device models) accesses go through io.  Use it only
 * through udrv/mmio.h. */
struct udrv_bar {
	volatile void *base;
	size_t len;
	const struct udrv_bar_io *io;
	void *io_arg;
};

/* Memory seen by us at va and by the device at iova. */
struct udrv_dma {
	void *va;
	uint64_t iova;
	size_t len;
};

/* One operation in flight; embed it, recover the owner with container_of.
 * It must stay in place until done() was called without IORING_CQE_F_MORE. */
struct udrv_op {
	void (*done)(struct udrv_op *op, int res, unsigned int cqe_flags);
};

struct udrv_id {
	uint16_t vendor, device;
};

/* A register, or an array of them: len bytes at off of the BAR; the name is for
 * traces (udrv/trace.h). */
struct udrv_reg {
	unsigned int bar;
	size_t off, len;
	const char *name;
};

/*
 * What a driver is; must outlive the devices opened with it.  Order of calls,
 * which the library enforces: reset, start, then callbacks from the loop, then
 * stop.
 */
struct udrv_driver {
	const char *name;
	const struct udrv_id *ids;	/* { 0, 0 } ends the table; NULL: no hardware */
	size_t priv_size;		/* zeroed state behind udrv_priv() */
	size_t dma_size;		/* bytes udrv_dma_alloc() must be good for; 0: 1 MiB */
	const struct udrv_reg *regs;	/* optional: names; len 0 ends the table */
	bool resident;			/* it serves a disk, on which its own memory might be
					 * swapped out: it is never to wait for that */

	/*
	 * Silence interrupts, stop every engine and verify it by reading
	 * back.  The device may be in any state: its last driver may have
	 * died at any instruction.  Guarantees: bus mastering is off, and goes
	 * on only when this returned 0; no interrupt is delivered meanwhile.
	 * Optional where the device has a generic reset (FLR and the like),
	 * required elsewhere.
	 */
	int (*reset)(struct udrv_dev *dev);
	/*
	 * Optional.  Bus mastering is about to go off for a reset, and was on,
	 * for us or for a driver that has died: stop the engines that would
	 * be heard or seen running without memory, and note where they stand.
	 */
	void (*halt)(struct udrv_dev *dev);
	/* Required.  The device was just reset, bus mastering is on. */
	int (*start)(struct udrv_dev *dev);
	/* Required.  Called after a successful start; must end all DMA. */
	void (*stop)(struct udrv_dev *dev);

	/*
	 * Optional, all three or none: another program of the driver takes the
	 * running device over, and nothing is lost (udrvctl upgrade).  layout is
	 * a name for what handover() writes, up to 31 letters; a program whose
	 * adopt() reads the same has the same name.
	 */
	const char *layout;
	/*
	 * Bring what is half done to its end, and write to state what the heir
	 * must know: how many bytes, at most size, or a negative errno, and then
	 * we end in the ordinary way.  The device stays on, with its memory
	 * (udrv_dma_alloc()), and is not to be touched any more.  Guarantees: no
	 * callback comes from the loop, unless it is run here.
	 */
	int (*handover)(struct udrv_dev *dev, void *state, size_t size);
	/*
	 * In place of reset and start: take over a device that runs, and has not
	 * been touched since handover() wrote this.  The same memory is got by the
	 * same calls in the same order, with udrv_dma_alloc_dirty().  Nothing is
	 * to be believed unchecked.  Look for work once after the interrupts are
	 * enabled: the one that announced it may be lost.  On failure, which is to
	 * leave nothing to stop, reset and start follow.
	 */
	int (*adopt)(struct udrv_dev *dev, const void *state, size_t len);
};

/*
 * The whole life of a driver process: inherit or open the device, reset it,
 * start(), report readiness, loop, stop().  Returns an exit status: 0 after a
 * requested end (SIGTERM, SIGINT, udrv_loop_stop(loop, 0)), 1 after an error,
 * 100 for wrong usage, 111 if the system refused something.
 *
 * Command line: DRIVER [key=value]... DEVICE	 DEVICE as for udrv_open();
 * under a supervisor (LISTEN_FDS) no DEVICE is given.
 */
UDRV_API int udrv_main(const struct udrv_driver *drv, int argc, char *argv[]);

/* name: "0000:00:04.0", "qtest:edu", "none" (a driver without hardware, which has
 * ids == NULL), or NULL for the descriptors that our
 * supervisor left us (docs/driver-process.md).  The device owns what is got
 * through it; udrv_close() undoes it all, bus mastering first. */
UDRV_API int udrv_open(struct udrv_dev **devp, const char *name,
		       const struct udrv_driver *drv);
UDRV_API void udrv_close(struct udrv_dev *dev);

/* Reset and start, or stop, the driver; udrv_main() does this for you. */
UDRV_API int udrv_start(struct udrv_dev *dev);
UDRV_API void udrv_stop(struct udrv_dev *dev);

/* Bus mastering off, the driver's reset (or the generic one), and if the
 * driver is started, bus mastering on again: for a driver whose hardware
 * misbehaves, or at its end. */
UDRV_API int udrv_reset(struct udrv_dev *dev);

UDRV_API const char *udrv_name(const struct udrv_dev *dev);
UDRV_API void *udrv_priv(const struct udrv_dev *dev);
UDRV_API struct udrv_id udrv_id(const struct udrv_dev *dev);
/* Value of key=value from the command line, or NULL. */
UDRV_API const char *udrv_option(const struct udrv_dev *dev, const char *key);

/* PCI config space; len 1, 2 or 4, naturally aligned.  What the kernel does
 * not let a user change (BARs, MSI addresses) stays as it is. */
UDRV_API int udrv_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			      uint32_t *val);
UDRV_API int udrv_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			       uint32_t val);

/* Mapping a BAR that is mapped gives the same window again.
 * -ENOENT: the device has no such BAR. */
UDRV_API int udrv_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);

enum udrv_irq_type { UDRV_IRQ_INTX, UDRV_IRQ_MSI, UDRV_IRQ_MSIX, UDRV_IRQ_TYPES };

/* How many vectors of a type the device has; 0: none. */
UDRV_API unsigned int udrv_irq_count(struct udrv_dev *dev, enum udrv_irq_type type);
/* Select the type before the first udrv_irq_enable().  Without it: INTx where
 * the device has it, else MSI, else MSI-X. */
UDRV_API int udrv_irq_select(struct udrv_dev *dev, enum udrv_irq_type type);

/* fn runs in the loop, once per wakeup; a level interrupt stays masked until
 * fn returns.  Arm it before the engine that raises it is started. */
typedef void udrv_irq_fn(struct udrv_dev *dev, unsigned int vec);
UDRV_API int udrv_irq_enable(struct udrv_dev *dev, unsigned int vec, udrv_irq_fn *fn);
UDRV_API void udrv_irq_disable(struct udrv_dev *dev, unsigned int vec);

/* Mappings lie below 2^bits (default 32; set it before the first of them).
 * Memory from udrv_dma_alloc() is zeroed, page-aligned and pinned. */
UDRV_API int udrv_dma_mask(struct udrv_dev *dev, unsigned int bits);
UDRV_API int udrv_dma_alloc(struct udrv_dev *dev, size_t len, struct udrv_dma *dma);
/* The same, not zeroed: large buffers that are written before they are read. */
UDRV_API int udrv_dma_alloc_dirty(struct udrv_dev *dev, size_t len, struct udrv_dma *dma);
/* How much there is in all, for a driver that makes use of more than it needs; 0:
 * there is none. */
UDRV_API size_t udrv_dma_room(struct udrv_dev *dev);
UDRV_API int udrv_dma_map(struct udrv_dev *dev, void *va, size_t len, struct udrv_dma *dma);
UDRV_API void udrv_dma_free(struct udrv_dev *dev, struct udrv_dma *dma);

/*
 * The event loop: one io_uring.  An sqe comes with its user_data set to op;
 * the caller prepares the rest with liburing's io_uring_prep_*() (they leave
 * user_data alone).  It is submitted when the loop next waits.  Never NULL.
 */
UDRV_API struct udrv_loop *udrv_loop(struct udrv_dev *dev);
UDRV_API struct io_uring_sqe *udrv_loop_sqe(struct udrv_loop *loop, struct udrv_op *op);
/* One shot; done() gets 0, or -ECANCELED after a cancel. */
UDRV_API int udrv_loop_timer(struct udrv_loop *loop, uint64_t ms, struct udrv_op *op);
/* One shot and level-triggered: done() gets poll(2) bits, or -ECANCELED after
 * a cancel; queue it again for more. */
UDRV_API int udrv_loop_poll(struct udrv_loop *loop, int fd, unsigned int events,
			    struct udrv_op *op);
/* Hand over what is queued now, in one system call (up to 256 entries); how
 * many these were, or -errno. */
UDRV_API int udrv_loop_submit(struct udrv_loop *loop);
/* For a driver that is going to watch its device for a while: what is queued does
 * not wait for that, and the kernel prepares what has come.  No system call if
 * nothing is queued. */
UDRV_API void udrv_loop_push(struct udrv_loop *loop);
/* For a driver whose next request mostly follows soon upon the last: before the loop
 * sleeps it looks for so many microseconds whether something comes, because to be woken
 * on an idle processor takes longer than that.  After looking in vain it sleeps at once,
 * the next up to 256 times the more often it was.  0, and without a second processor to
 * run on: never (what it looks for could not run). */
UDRV_API void udrv_loop_linger(struct udrv_loop *loop, unsigned int us);
/* The loop's io_uring ends with the process, not with the device: for commands that
 * the kernel may only abandon when it sees that their process is dying. */
UDRV_API void udrv_loop_keep(struct udrv_loop *loop);
UDRV_API int udrv_loop_cancel(struct udrv_loop *loop, struct udrv_op *op);
/* Until udrv_loop_stop(); returns its status.  -ETIME: udrv_loop_run_for() ran
 * out of its time (ms) without a stop. */
UDRV_API int udrv_loop_run(struct udrv_loop *loop);
UDRV_API int udrv_loop_run_for(struct udrv_loop *loop, unsigned int ms);
UDRV_API void udrv_loop_stop(struct udrv_loop *loop, int status);

/* What outlives this process, if we have a supervisor: a page of state, see
 * udrv/checkpoint.h.  Never NULL: without a supervisor it is private memory. */
UDRV_API void *udrv_checkpoint(struct udrv_dev *dev, size_t *len);
/* Descriptor left by our supervisor under this name, or -ENOENT.  It stays
 * the device's: do not close it. */
UDRV_API int udrv_fd(const struct udrv_dev *dev, const char *name);
/* Tell the supervisor (sd_notify(3) text); without one nothing happens. */
UDRV_API int udrv_notify(struct udrv_dev *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* To stderr, up to the level in UDRV_LOG (0-7, default 6). dev may be NULL. */
enum udrv_level { UDRV_ERR = 3, UDRV_WARN, UDRV_INFO = 6, UDRV_DEBUG }; /* syslog(3) */
UDRV_API void udrv_log(const struct udrv_dev *dev, enum udrv_level lvl, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Bounded waiting: sleep for a while, and the monotonic clock in ns. */
UDRV_API void udrv_usleep(unsigned int usec);
UDRV_API uint64_t udrv_now_ns(void);

#ifdef __cplusplus
}
#endif

#include <udrv/mmio.h>	/* udrv_read32(bar, off), udrv_write32(bar, off, v), ... */

#endif /* UDRV_H */
