// SPDX-License-Identifier: MIT
/*
 * backend_qtest.c - a driver's device is a model inside a QEMU that we start:
 * no root, no VM, no module; under gdb, ASan, valgrind as any program.
 *
 * "qtest:e1000,netdev=n0"	a QEMU of our own with this device
 * "qtest:alpha/cmd646-ide"	on another machine
 * "qtest:@5,6"			one that runs: descriptors of its socket and RAM
 *
 * UDRV_QEMU names another binary, UDRV_QEMU_ARGS more arguments, separated by
 * blanks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_qtest.h"

#define PREFIX		"qtest:"

static int adopt(struct udrv_qtest *q, const char *name)
{
	int sock, ram, end = 0;

	if (sscanf(name, "@%d,%d%n", &sock, &ram, &end) != 2 || name[end]) {
		udrv_log(q->dev, UDRV_ERR, "'qtest:%s': a running QEMU is named by two descriptors, @SOCKET,RAM",
			 name);
		return -EINVAL;
	}
	q->vm.sock = fcntl(sock, F_DUPFD_CLOEXEC, 0);
	q->vm.ram = fcntl(ram, F_DUPFD_CLOEXEC, 0);
	if (q->vm.sock < 0 || q->vm.ram < 0) {
		udrv_log(q->dev, UDRV_ERR, "'qtest:%s': these descriptors are not open", name);
		return -EBADF;
	}
	return 0;
}

/* Map the RAM and see whose it is. */
static int look(struct udrv_qtest *q)
{
	const struct udrv_qtest_header *h;
	struct stat st;

	if (fstat(q->vm.ram, &st))
		return -errno;
	q->ram_len = (size_t)st.st_size;
	q->ram = mmap(NULL, q->ram_len, PROT_READ | PROT_WRITE, MAP_SHARED, q->vm.ram, 0);
	if (q->ram == MAP_FAILED) {
		q->ram = NULL;
		return -errno;
	}
	h = (const void *)q->ram;
	if (q->ram_len < sizeof(*h) || h->magic != QTEST_MAGIC || h->machine >= QTEST_MACHINES) {
		udrv_log(q->dev, UDRV_ERR, "this is not the RAM of a QEMU of libudrv");
		return -EINVAL;
	}
	q->machine = udrv_qtest_machines[h->machine];
	return 0;
}

/* The first answer; what is wrong before it QEMU says best itself. */
static int greet(struct udrv_qtest *q)
{
	char words[512];
	int ret = udrv_qtest_sync(q);

	q->up = !ret;
	if (!ret)
		return 0;
	udrv_qtest_last_words(&q->vm, words, sizeof(words));
	udrv_log(q->dev, UDRV_ERR, "QEMU does not start: %s%s%s",
		 words[0] ? words : "it does not answer",
		 strstr(words, "device model") ? "; it knows those that this lists: " : "",
		 strstr(words, "device model") ? "qemu-system-... -device help" : "");
	return ret;
}

static int check_there(struct udrv_qtest *q)
{
	if (udrv_qtest_config(q, 0, 4) != UINT32_MAX || q->dead)
		return q->dead ? -EIO : 0;
	udrv_log(q->dev, UDRV_ERR, "QEMU has no PCI device in slot %d: is this a PCI device?",
		 QTEST_SLOT);
	return -ENODEV;
}

static void qtest_close(struct udrv_dev *dev)
{
	struct udrv_qtest *q = dev->backend_data;

	udrv_qtest_dma_unmap_all(q);
	if (q->up && !q->dead)
		q->machine->tick(q);	/* the last faults */
	if (q->ram)
		munmap(q->ram, q->ram_len);
	udrv_qtest_kill(&q->vm);
	free(q);
	dev->backend_data = NULL;
}

static int bring_up(struct udrv_dev *dev, const char *name)
{
	size_t dma = udrv_dma_size(dev->drv);
	struct udrv_qtest *q = dev->backend_data;
	int ret;

	ret = name[0] == '@' ? adopt(q, name) : udrv_qtest_spawn(&q->vm, dev, name, dma);
	if (!ret)
		ret = look(q);
	if (!ret)
		ret = greet(q);
	if (!ret)
		ret = q->machine->setup(q);
	if (!ret)
		ret = check_there(q);
	if (ret)
		return ret;
	udrv_qtest_bars_assign(q);
	ret = udrv_iova_add(&dev->iova, q->ram_len - QTEST_WINDOW, q->ram_len - 1);
	return ret ? ret : udrv_qtest_watch(q);
}

static int qtest_open(struct udrv_dev *dev, const char *name)
{
	struct udrv_qtest *q = calloc(1, sizeof(*q));
	int ret;

	if (!q)
		return -ENOMEM;
	q->dev = dev;
	q->vm = (struct udrv_qtest_vm){ .sock = -1, .ram = -1, .err = -1 };
	for (unsigned int i = 0; i < UDRV_VECTORS; i++)
		q->vectors[i].fd = -1;
	dev->backend_data = q;
	ret = bring_up(dev, name + strlen(PREFIX));
	if (ret)
		qtest_close(dev);
	return ret;
}

const struct udrv_backend_ops udrv_backend_qtest = {
	.name = "qtest",
	.prefix = PREFIX,
	.open = qtest_open,
	.close = qtest_close,
	.config_read = udrv_qtest_config_read,
	.config_write = udrv_qtest_config_write,
	.bar_map = udrv_qtest_bar_map,
	.irq_count = udrv_qtest_irq_count,
	.irq_open = udrv_qtest_irq_open,
	.arena = udrv_qtest_arena,
	.arena_piece = udrv_qtest_arena_piece,
	.dma_map = udrv_qtest_dma_map,
	.dma_unmap = udrv_qtest_dma_unmap,
};
