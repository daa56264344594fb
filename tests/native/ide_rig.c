// SPDX-License-Identifier: MIT
/* ide_rig.c - the IDE engine on a model whose disks are files of ours. */
#include <stdarg.h>

#include "ide_rig.h"

struct rig_options rig_options;

static int start(struct udrv_dev *dev)
{
	struct ide *ide = udrv_priv(dev);

	ide->pio = rig_options.pio;
	ide->polled = rig_options.polled;
	ide->timeout_ms = rig_options.timeout_ms;
	ide->reset_ms = rig_options.reset_ms;
	ide->standby = rig_options.standby;
	ide->spin_us = rig_options.spin_us;
	return ide_start(dev);
}

const struct udrv_driver rig_driver = {
	.name = "ide", .ids = ide_ids, .priv_size = sizeof(struct ide), .dma_size = 4u << 20,
	.reset = ide_reset, .start = start, .stop = ide_stop,
};

void rig_begin(struct rig *rig)
{
	*rig = (struct rig){ .dev = NULL };
	rig_options = (struct rig_options){ .timeout_ms = 5000, .reset_ms = 5000 };
}

void rig_end(struct rig *rig)
{
	rig_close(rig);
	for (unsigned int i = 0; i < RIG_DISKS; i++) {
		if (!rig->disks[i].path[0])
			continue;
		close(rig->disks[i].fd);
		unlink(rig->disks[i].path);
	}
}

void rig_arg(struct rig *rig, const char *fmt, ...)
{
	size_t at = strlen(rig->args);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rig->args + at, sizeof(rig->args) - at, fmt, ap);
	va_end(ap);
	assert_true(strlen(rig->args) < sizeof(rig->args) - 1);
}

void rig_disk(struct rig *rig, unsigned int n, uint64_t size, const char *drive,
	      const char *device)
{
	struct rig_disk *d = &rig->disks[n];

	strcpy(d->path, "/tmp/udrv-ide-XXXXXX");
	d->fd = mkstemp(d->path);
	assert_true(d->fd >= 0);
	assert_int_equal(ftruncate(d->fd, (off_t)size), 0);
	rig_arg(rig, " -drive if=none,id=d%u,%s%s -device ide-hd,bus=ide.%u,unit=%u,drive=d%u%s",
		n, drive, d->path, n / 2, n % 2, n, device);
}

void rig_open(struct rig *rig, const char *model)
{
	char name[128];

	snprintf(name, sizeof(name), "qtest:%s,id=ide", model);
	setenv("UDRV_QEMU_ARGS", rig->args, 1);
	assert_int_equal(udrv_open(&rig->dev, name, &rig_driver), 0);
	rig->ide = udrv_priv(rig->dev);
	assert_int_equal(udrv_start(rig->dev), 0);
	assert_int_equal(udrv_dma_alloc(rig->dev, RIG_BUF, &rig->buf), 0);
}

void rig_close(struct rig *rig)
{
	if (rig->dev)
		udrv_close(rig->dev);
	rig->dev = NULL;
}

struct ide_channel *rig_channel(struct rig *rig, unsigned int disk)
{
	return &rig->ide->ch[disk / 2];
}

static void op_done(struct ide_req *req, int status)
{
	struct rig_op *op = (struct rig_op *)req;

	op->status = status;
	udrv_loop_stop(udrv_loop(op->rig->dev), 0);
}

void rig_submit(struct rig *rig, struct rig_op *op, unsigned int disk, enum ide_op what,
		uint64_t sector, uint32_t nsect, size_t offset)
{
	int ret;

	*op = (struct rig_op){
		.req = {
			.op = what, .fua = rig_options.fua, .sector = sector, .nsect = nsect, .done = op_done,
			.buf = {
				.va = (char *)rig->buf.va + offset,
				.iova = rig->buf.iova + offset, .len = rig->buf.len - offset,
			},
		},
		.rig = rig, .status = 1,
	};
	ret = ide_submit(rig->ide, disk / 2, disk % 2, &op->req);
	if (ret)
		op->status = ret;
}

void rig_wait(struct rig *rig, struct rig_op *op)
{
	uint64_t end = udrv_now_ns() + 20000000000ull;

	while (op->status == 1 && udrv_now_ns() < end)
		udrv_loop_run_for(udrv_loop(rig->dev), 1000);
	if (op->status == 1)
		fail_msg("no answer within 20 s");
}

int rig_do(struct rig *rig, unsigned int disk, enum ide_op op, uint64_t sector, uint32_t nsect,
	   size_t offset)
{
	struct rig_op one;

	rig_submit(rig, &one, disk, op, sector, nsect, offset);
	rig_wait(rig, &one);
	return one.status;
}

/* ---- registers that lie --------------------------------------------------------- */

static struct hooked {
	struct udrv_bar inner;
	struct rig_hooks hooks;
	enum rig_window window;
} hooked[3];

static uint32_t hooked_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	const struct hooked *h = bar->io_arg;
	uint32_t val = h->inner.io->read(&h->inner, off, width);

	return h->hooks.read ? h->hooks.read(h->window, off, val) : val;
}

static void hooked_write(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val)
{
	const struct hooked *h = bar->io_arg;

	if (!h->hooks.write || h->hooks.write(h->window, off, val))
		h->inner.io->write(&h->inner, off, width, val);
}

void rig_hook(struct ide_channel *ch, const struct rig_hooks *hooks)
{
	static const struct udrv_bar_io io = { .read = hooked_read, .write = hooked_write };
	struct udrv_bar *const bars[] = { &ch->cmd, &ch->ctl, &ch->bm };

	for (unsigned int i = 0; i < 3; i++) {
		hooked[i] = (struct hooked){ *bars[i], *hooks, (enum rig_window)i };
		bars[i]->io = &io;
		bars[i]->io_arg = &hooked[i];
	}
}

/* ---- contents ----------------------------------------------------------------- */

static uint64_t word_at(uint64_t sector, unsigned int i, uint32_t seed)
{
	uint64_t x = (sector * 64 + i + 1) * 0x9e3779b97f4a7c15ull + seed;

	return x ^ x >> 29;
}

void rig_fill(void *to, uint64_t sector, uint32_t nsect, uint32_t seed)
{
	for (uint32_t s = 0; s < nsect; s++)
		for (unsigned int i = 0; i < 64; i++)
			((uint64_t *)to)[64 * s + i] = word_at(sector + s, i, seed);
}

bool rig_is(const void *data, uint64_t sector, uint32_t nsect, uint32_t seed)
{
	for (uint32_t s = 0; s < nsect; s++)
		for (unsigned int i = 0; i < 64; i++)
			if (((const uint64_t *)data)[64 * s + i] != word_at(sector + s, i, seed))
				return false;
	return true;
}

void rig_file_fill(struct rig *rig, unsigned int disk, uint64_t sector, uint32_t nsect,
		   uint32_t seed)
{
	size_t len = (size_t)nsect * IDE_SECTOR;
	void *data = malloc(len);

	assert_non_null(data);
	rig_fill(data, sector, nsect, seed);
	assert_int_equal(pwrite(rig->disks[disk].fd, data, len, (off_t)sector * 512), len);
	free(data);
}

bool rig_file_is(struct rig *rig, unsigned int disk, uint64_t sector, uint32_t nsect,
		 uint32_t seed)
{
	size_t len = (size_t)nsect * IDE_SECTOR;
	void *data = malloc(len);
	bool same;

	assert_non_null(data);
	assert_int_equal(pread(rig->disks[disk].fd, data, len, (off_t)sector * 512), len);
	same = rig_is(data, sector, nsect, seed);
	free(data);
	return same;
}
