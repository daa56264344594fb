/* SPDX-License-Identifier: MIT */
/*
 * backend_qtest.h - what the parts of the qtest backend share: a device model
 * inside a QEMU whose CPU sleeps for ever, driven over QEMU's qtest socket.
 */
#ifndef UDRV_BACKEND_QTEST_H
#define UDRV_BACKEND_QTEST_H

#include <sys/types.h>

#include "internal.h"

#define QTEST_SLOT	4		/* PCI slot of the device */
#define QTEST_LINE	256		/* the longest line of the protocol */
#define QTEST_MAPS	32		/* udrv_dma_map() calls at a time */
#define QTEST_WINDOW	(64u << 20)	/* RAM for udrv_dma_map(), past the arena */

struct udrv_qtest;

/* A running QEMU; both descriptors are enough to drive its device. */
struct udrv_qtest_vm {
	int sock;			/* qtest protocol */
	int ram;			/* the guest's RAM, a memfd */
	int err;			/* what it wrote to stderr, a memfd; -1: unknown */
	pid_t keeper;			/* 0: somebody else's QEMU */
};

/* The first page of the RAM, so that a driver who is given a running QEMU
 * knows what it is talking to.  No guest code runs that could overwrite it. */
struct udrv_qtest_header {
	uint32_t magic;
	uint32_t machine;		/* index in udrv_qtest_machines[] */
	uint64_t token;			/* marks the end of old replies */
};
#define QTEST_MAGIC	0x74736574u

/* What differs between the QEMU targets. */
struct udrv_qtest_machine {
	const char *name;		/* "alpha" in "qtest:alpha/cmd646-ide" */
	const char *binary;
	const char *package;		/* Debian's */
	const char *board;		/* -machine, without the memory */
	const char *const *args;	/* further arguments, before the device */
	const char *const *args_after;
	/* Write an image whose only code puts the CPU to sleep. */
	int (*firmware)(int fd);
	uint64_t config;		/* CPU address of slot 0's config space */
	unsigned int config_shift;	/* config space of slot n: config + (n << shift) */
	unsigned int config_size;
	uint64_t mem;			/* CPU address of bus address 0 */
	uint64_t ports;			/* the same for I/O ports; 0: CPU's in and out */
	uint32_t bar_mem, bar_io;	/* first bus addresses for BARs */
	uint64_t ram_free;		/* RAM below is the backend's */
	unsigned int tick_ms;
	/* Required.  Must not mind a QEMU that is set up already.  As soon as
	 * config space can be reached it calls udrv_qtest_quiesce(). */
	int (*setup)(struct udrv_qtest *q);
	/* Optional: without it the device reaches all of the RAM. */
	int (*map)(struct udrv_qtest *q, uint64_t iova, uint64_t len, bool on);
	/* Optional: ask for the lines' levels, where QEMU does not tell. */
	void (*lines)(struct udrv_qtest *q);
	/* Required.  Every tick_ms from the loop. */
	void (*tick)(struct udrv_qtest *q);
};
extern const struct udrv_qtest_machine udrv_qtest_x86, udrv_qtest_alpha;
#define QTEST_MACHINES	2
extern const struct udrv_qtest_machine *const udrv_qtest_machines[QTEST_MACHINES];

struct udrv_qtest_bar {
	struct udrv_qtest *q;
	uint64_t addr;			/* CPU's, or a port number */
	uint32_t len;			/* 0: no such BAR */
	bool ports;
};

struct udrv_qtest_vector {
	int fd;				/* eventfd; -1: closed */
	uint64_t lines;			/* INTx: the interrupt lines that mean it */
	bool masked;			/* fired, not re-armed */
};

struct udrv_qtest {
	struct udrv_dev *dev;
	const struct udrv_qtest_machine *machine;
	struct udrv_qtest_vm vm;
	bool up;			/* it has answered */
	bool dead;

	/* Protocol: bytes that came, and the lines' levels. */
	char in[QTEST_LINE];
	size_t in_len;
	struct udrv_op sock_op, tick_op;

	uint8_t *ram;
	size_t ram_len;
	struct udrv_qtest_bar bars[UDRV_BARS];

	uint64_t level;			/* lines that are raised now */
	uint64_t intx_lines;		/* those of the device, set by the machine */
	uint64_t catcher_line;		/* x86: raised by MSI writes; 0: no MSI */
	bool catching;
	struct udrv_qtest_vector vectors[UDRV_VECTORS];

	unsigned int dma_faults;	/* accesses to what is not mapped */
	struct udrv_qtest_map {
		void *va;		/* NULL: free */
		uint64_t iova;
		size_t len;
	} maps[QTEST_MAPS];
};

/* backend_qtest_proc.c: a QEMU and its keeper.  device: as after "qtest:";
 * ram_len: bytes.  On failure a sentence is in the log of dev, or of nobody. */
int udrv_qtest_spawn(struct udrv_qtest_vm *vm, const struct udrv_dev *dev,
		     const char *device, size_t dma_size);
void udrv_qtest_kill(struct udrv_qtest_vm *vm);
/* The last line QEMU wrote to stderr, or "". */
const char *udrv_qtest_last_words(const struct udrv_qtest_vm *vm, char *buf, size_t size);

/* backend_qtest_proto.c.  Once QEMU is gone, reads give all ones. */
int udrv_qtest_cmd(struct udrv_qtest *q, uint64_t *val, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
uint64_t udrv_qtest_read(struct udrv_qtest *q, uint64_t addr, unsigned int width);
void udrv_qtest_write(struct udrv_qtest *q, uint64_t addr, unsigned int width, uint64_t val);
int udrv_qtest_sync(struct udrv_qtest *q);	/* skip replies to a dead predecessor */
int udrv_qtest_watch(struct udrv_qtest *q);	/* from the loop */

/* backend_qtest_pci.c */
uint32_t udrv_qtest_config(struct udrv_qtest *q, unsigned int off, unsigned int len);
void udrv_qtest_config_set(struct udrv_qtest *q, unsigned int off, unsigned int len,
			   uint32_t val);
void udrv_qtest_quiesce(struct udrv_qtest *q);	/* no DMA, no interrupts from here on ... */
uint32_t udrv_qtest_keeps(struct udrv_qtest *q);	/* ... but this bit of PCI_COMMAND */
unsigned int udrv_qtest_cap(struct udrv_qtest *q, uint8_t id);	/* offset, 0: none */
void udrv_qtest_bars_assign(struct udrv_qtest *q);
int udrv_qtest_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			   uint32_t *val);
int udrv_qtest_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			    uint32_t val);
int udrv_qtest_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);

/* backend_qtest_irq.c */
void udrv_qtest_line(struct udrv_qtest *q, unsigned int line, bool raised);
void udrv_qtest_catch(struct udrv_qtest *q);	/* MSIs that came; may send commands */
unsigned int udrv_qtest_irq_count(struct udrv_dev *dev, enum udrv_irq_type type);
int udrv_qtest_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq);

/* backend_qtest_x86.c: where MSI writes go, as the device sees it, and
 * registers of the card behind it. */
#define QTEST_MSI_IOVA		0xf00000u
#define QTEST_CATCHER		0xdff00000u
#define QTEST_CATCH_RAISE	0x60	/* edu: raise the interrupt */
#define QTEST_CATCH_STATUS	0x24
#define QTEST_CATCH_ACK		0x64

/* backend_qtest_dma.c */
int udrv_qtest_arena(struct udrv_dev *dev, size_t len, void **va, uint64_t *iova);
int udrv_qtest_arena_piece(struct udrv_dev *dev, uint64_t iova, size_t len, bool given);
int udrv_qtest_dma_map(struct udrv_dev *dev, void *va, size_t len, uint64_t iova);
int udrv_qtest_dma_unmap(struct udrv_dev *dev, uint64_t iova, size_t len);
void udrv_qtest_dma_unmap_all(struct udrv_qtest *q);

#endif /* UDRV_BACKEND_QTEST_H */
