/* SPDX-License-Identifier: MIT */
/* What the parts of libudrv say to each other; nothing of this is exported. */
#ifndef UDRV_INTERNAL_H
#define UDRV_INTERNAL_H

#include <liburing.h>
#include <udrv.h>
#include <udrv/checkpoint.h>

#define UDRV_BARS	6
#define UDRV_VECTORS	32
#define UDRV_IOVA_PIECES 64
#define UDRV_OPTIONS	32

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/*
 * A pure first-fit allocator of address pieces, used for IOVA space and for
 * the arena's offsets.  Free pieces, sorted, none touching another.
 */
struct udrv_iova {
	struct udrv_iova_piece {
		uint64_t start, last;		/* inclusive: 2^64-1 is an address */
	} free[UDRV_IOVA_PIECES];
	unsigned int n;
};
void udrv_iova_init(struct udrv_iova *iova);
/* Allow [start, last].  -ENOSPC: too many pieces. */
int udrv_iova_add(struct udrv_iova *iova, uint64_t start, uint64_t last);
/* align: a power of two.  The piece ends at limit or below.  -ENOMEM */
int udrv_iova_alloc(struct udrv_iova *iova, uint64_t len, uint64_t align,
		    uint64_t limit, uint64_t *start);
/* Give back what alloc gave. -EINVAL: (part of) it is free already. */
int udrv_iova_release(struct udrv_iova *iova, uint64_t start, uint64_t len);

/* One interrupt vector.  The loop reads a u64 from fd, runs fn, calls rearm. */
struct udrv_irq {
	struct udrv_op op;
	struct udrv_dev *dev;
	unsigned int vec;
	udrv_irq_fn *fn;		/* NULL: not enabled */
	int fd;
	bool own_fd;			/* close it at the end */
	bool reading;			/* op is in flight */
	bool running;			/* fn is on the stack */
	struct udrv_irq *next;		/* disabled, but op is still in flight */
	uint64_t count;			/* what read() gave */
	const struct udrv_irq_ops *ops;
};
struct udrv_irq_ops {
	/* Optional: an interrupt came; false: the driver is not to know. */
	bool (*wakeup)(struct udrv_irq *irq);
	/* Optional: unmask after fn returned. */
	int (*rearm)(struct udrv_irq *irq);
	/* Optional: disconnect fd from the device; fd is closed afterwards. */
	void (*close)(struct udrv_irq *irq);
};

/* Where a device comes from: VFIO, a model in QEMU, or a wrapper around one. */
struct udrv_backend_ops {
	const char *name;
	const char *prefix;		/* of the device's name: "qtest:"; NULL: the default */
	/* Required.  name as given to udrv_open(), NULL under a supervisor.
	 * Leaves bus mastering off, or with drv->halt as it was, with what the
	 * device can reach.  Sets dev->backend_data, adds the usable
	 * ranges to dev->iova. */
	int (*open)(struct udrv_dev *dev, const char *name);
	/* Required.  Called once, also after a failed open if backend_data is
	 * set; BARs, vectors and mappings have been closed before. */
	void (*close)(struct udrv_dev *dev);
	/* Required. */
	int (*config_read)(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t *val);
	int (*config_write)(struct udrv_dev *dev, unsigned int off, unsigned int len, uint32_t val);
	int (*bar_map)(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);
	/* Optional. */
	void (*bar_unmap)(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);
	/* Optional: generic reset; -ENOTSUP if this device has none. */
	int (*reset)(struct udrv_dev *dev);
	/* Required. */
	unsigned int (*irq_count)(struct udrv_dev *dev, enum udrv_irq_type type);
	/* Required.  Sets irq->fd, own_fd and ops (not NULL); the vector is
	 * live then. */
	int (*irq_open)(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq);
	/* Optional: an own source of the arena instead of a memfd (a model's
	 * RAM): memory of len bytes at *va, which the device sees at *iova. */
	int (*arena)(struct udrv_dev *dev, size_t len, void **va, uint64_t *iova);
	/* Optional, with arena: this part of it was given to the driver or taken
	 * back; a model can be stricter than an IOMMU with one large mapping. */
	int (*arena_piece)(struct udrv_dev *dev, uint64_t iova, size_t len, bool given);
	/* Required unless arena is set: let the device reach [va, va+len) at iova. */
	int (*dma_map)(struct udrv_dev *dev, void *va, size_t len, uint64_t iova);
	int (*dma_unmap)(struct udrv_dev *dev, uint64_t iova, size_t len);
	/* Optional: unmap what a predecessor had mapped, which open() leaves alone
	 * with drv->halt.  Its engines have been stopped. */
	int (*dma_forget)(struct udrv_dev *dev);
};
extern const struct udrv_backend_ops udrv_backend_vfio, udrv_backend_qtest,
					udrv_backend_none;

/* An access of any width, for those who stand in front of a window. */
static inline uint32_t udrv_bar_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	return width == 1 ? udrv_read8(bar, off) :
	       width == 2 ? udrv_read16(bar, off) : udrv_read32(bar, off);
}

static inline void udrv_bar_write(const struct udrv_bar *bar, size_t off, unsigned int width,
				  uint32_t val)
{
	if (width == 1)
		udrv_write8(bar, off, (uint8_t)val);
	else if (width == 2)
		udrv_write16(bar, off, (uint16_t)val);
	else
		udrv_write32(bar, off, val);
}

/* fault.c: put the faults of UDRV_FAULT, if any, between dev and its ops. */
struct udrv_fault;
int udrv_fault_wrap(struct udrv_dev *dev);

/* trace.c: note what passes between dev and its ops, if somebody asked for it. */
struct udrv_tracer;
int udrv_trace_wrap(struct udrv_dev *dev);

struct udrv_loop {
	struct io_uring ring;
	bool kept;			/* the ring ends with the process */
	bool stopped;
	int status;
	uint64_t linger_ns;		/* udrv_loop_linger(), or 0 */
	unsigned int vain;		/* how often in a row nothing came, 8 at most */
	unsigned int unlingered;	/* sleeps that are to be gone into at once */
};
int udrv_loop_init(struct udrv_loop *loop);
void udrv_loop_exit(struct udrv_loop *loop);

/* What our supervisor (or the command line) gave us. */
#define UDRV_FDS	32
struct udrv_fds {
	int n;
	int fd[UDRV_FDS];
	uint16_t at[UDRV_FDS];		/* where its name begins */
	char names[512];		/* LISTEN_FDNAMES with NULs for colons */
};
/* 0: not supervised; 1: supervised; -EINVAL: the variables make no sense. */
int udrv_fds_parse(struct udrv_fds *fds, const char *listen_pid, const char *listen_fds,
		   const char *listen_fdnames, int pid);
/* NULs for the colons in names.  -EINVAL: there are not n of them. */
int udrv_fds_split(struct udrv_fds *fds);
int udrv_fds_find(const struct udrv_fds *fds, const char *name);	/* fd or -ENOENT */
/* Its name is NAME@IOVA+LEN (hexadecimal): the device reaches so much of it
 * there already.  -ENOENT: it is not, or there is no such descriptor. */
int udrv_fds_mapped(const struct udrv_fds *fds, const char *name, uint64_t *iova, uint64_t *len);
/* The same of descriptor i. */
int udrv_fds_mapped_nth(const struct udrv_fds *fds, int i, uint64_t *iova, uint64_t *len);
/* Is its name NAME@WORD? */
bool udrv_fds_is(const struct udrv_fds *fds, const char *name, const char *word);

struct udrv_notify {
	int fd;				/* connected datagram socket, -1: none */
	uint64_t watchdog_ms;		/* 0: none */
	struct udrv_op watchdog;
};
/* fd: a socket that is connected already, or -1; *n owns it then. */
int udrv_notify_init(struct udrv_notify *n, int fd, const char *socket,
		     const char *watchdog_usec);
int udrv_notify_text(struct udrv_notify *n, const char *text);
void udrv_notify_exit(struct udrv_notify *n);

/* handover.c */
bool udrv_can_hand_over(const struct udrv_driver *drv);
/* After it the device is another's.  On an error it is still ours, or will be reset. */
int udrv_hand_over(struct udrv_dev *dev);
/* On an error nothing was taken. */
int udrv_adopt(struct udrv_dev *dev);

/* If we are the standby of another process: wait until our supervisor hands us
 * its device, in dev->fds.  -ECANCELED: we are not needed any more. */
int udrv_standby_wait(struct udrv_dev *dev);

enum udrv_dev_state {
	UDRV_DEV_OPEN, UDRV_DEV_RESET, UDRV_DEV_STARTED, UDRV_DEV_STOPPED,
	UDRV_DEV_HANDED_OVER,		/* another's; not to be touched */
};

struct udrv_dev {
	char name[64];
	const struct udrv_driver *drv;
	void *priv;
	struct udrv_id id;
	enum udrv_dev_state state;
	const struct udrv_backend_ops *ops;
	void *backend_data;
	struct udrv_fault *fault;	/* NULL: none */
	struct udrv_tracer *tracer;	/* NULL: none */
	struct udrv_loop loop;
	struct udrv_fds fds;
	struct udrv_notify notify;

	struct udrv_bar bars[UDRV_BARS];
	bool bar_mapped[UDRV_BARS];

	enum udrv_irq_type irq_type;
	bool irq_selected;
	struct udrv_irq *irqs[UDRV_VECTORS];	/* NULL: not enabled */
	struct udrv_irq *irq_orphans;

	struct udrv_iova iova;		/* free device addresses */
	unsigned int dma_bits;
	struct udrv_dma arena;		/* va NULL: not there yet */
	bool arena_kept;		/* its mapping is our supervisor's */
	struct udrv_iova arena_free;	/* free offsets in it */

	void *checkpoint;
	size_t checkpoint_len;
	struct udrv_handover *handover;	/* behind it; NULL: there is none */
	bool running;			/* the device was left to us as it runs */
	bool leave;			/* our supervisor wants it for another program */
	int signal_fd;
	struct udrv_op signal_op;
	const char *options[UDRV_OPTIONS];	/* "key=value" from argv, NULL ends */
};

static inline bool udrv_has_hardware(const struct udrv_driver *drv)
{
	return drv->ids != NULL;
}

/* Undo all that was opened through the device. */
void udrv_bar_close_all(struct udrv_dev *dev);
void udrv_irq_close_all(struct udrv_dev *dev);
void udrv_irq_free_orphans(struct udrv_dev *dev);	/* the ring is gone */
/* Bytes that its arena must have. */
size_t udrv_dma_size(const struct udrv_driver *drv);
void udrv_dma_close_all(struct udrv_dev *dev);
int udrv_bus_master(struct udrv_dev *dev, bool on);

#endif /* UDRV_INTERNAL_H */
