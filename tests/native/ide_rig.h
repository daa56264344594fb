/* SPDX-License-Identifier: MIT */
/* ide_rig.h - the IDE engine on a model whose disks are files of ours. */
#ifndef TESTS_NATIVE_IDE_RIG_H
#define TESTS_NATIVE_IDE_RIG_H

#include "../../drivers/ide/ide.h"
#include "help.h"

#define RIG_DISKS	4
#define RIG_BUF		(1u << 20)

struct rig {
	char args[2048];		/* for UDRV_QEMU_ARGS */
	struct rig_disk {
		char path[64];		/* "": none */
		int fd;
	} disks[RIG_DISKS];		/* channel * 2 + drive */
	struct udrv_dev *dev;		/* NULL: not open */
	struct ide *ide;
	struct udrv_dma buf;
};

extern const struct udrv_driver rig_driver;
/* What rig_driver's start finds set in struct ide; reset by rig_begin(). */
extern struct rig_options {
	bool pio, polled;
	bool fua;			/* its writes are all with fua */
	unsigned int timeout_ms, reset_ms, standby, spin_us;
} rig_options;

void rig_begin(struct rig *rig);
void rig_end(struct rig *rig);
/* Before rig_open(): disk n is a sparse file of this size; drive: more options
 * of QEMU's -drive; device: of -device. */
void rig_disk(struct rig *rig, unsigned int n, uint64_t size, const char *drive,
	      const char *device);
void rig_arg(struct rig *rig, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* model: "piix4-ide" and the like; its buses are called ide.0 and ide.1. */
void rig_open(struct rig *rig, const char *model);
void rig_close(struct rig *rig);
struct ide_channel *rig_channel(struct rig *rig, unsigned int disk);

/* One operation, to its end; data from or to rig->buf at this offset. */
int rig_do(struct rig *rig, unsigned int disk, enum ide_op op, uint64_t sector, uint32_t nsect,
	   size_t offset);
/* Many of them at once: submit all, then wait for all. */
struct rig_op {
	struct ide_req req;
	struct rig *rig;
	int status;			/* 1: under way */
};
void rig_submit(struct rig *rig, struct rig_op *op, unsigned int disk, enum ide_op what,
		uint64_t sector, uint32_t nsect, size_t offset);
void rig_wait(struct rig *rig, struct rig_op *op);	/* fails the test after 20 s */

/* Registers that lie: from here on all accesses to the disk's channel go through
 * these (NULL: not).  write: false: it does not arrive; read: what it gives. */
enum rig_window { RIG_CMD, RIG_CTL, RIG_BM };
struct rig_hooks {
	bool (*write)(enum rig_window w, size_t off, uint32_t val);
	uint32_t (*read)(enum rig_window w, size_t off, uint32_t val);
};
void rig_hook(struct ide_channel *ch, const struct rig_hooks *hooks);

/* Contents that depend on the place and on seed. */
void rig_fill(void *to, uint64_t sector, uint32_t nsect, uint32_t seed);
bool rig_is(const void *data, uint64_t sector, uint32_t nsect, uint32_t seed);
void rig_file_fill(struct rig *rig, unsigned int disk, uint64_t sector, uint32_t nsect,
		   uint32_t seed);
bool rig_file_is(struct rig *rig, unsigned int disk, uint64_t sector, uint32_t nsect,
		 uint32_t seed);

#endif /* TESTS_NATIVE_IDE_RIG_H */
