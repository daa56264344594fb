// SPDX-License-Identifier: MIT
/*
 * dev.c - a device from open to close, and the one order in which a driver's
 * functions are called: bus mastering off, reset, bus mastering on, start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "internal.h"

static const struct udrv_backend_ops *const backends[] = {
	&udrv_backend_qtest,
	&udrv_backend_vfio,		/* no prefix: last */
};

static const struct udrv_backend_ops *find_backend(const char *name)
{
	if (name && !strcmp(name, "none"))
		return &udrv_backend_none;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		const char *prefix = backends[i]->prefix;

		if (!prefix || (name && !strncmp(name, prefix, strlen(prefix))))
			return backends[i];
	}
	return NULL;
}

static int take_fds(struct udrv_dev *dev)
{
	const char *bdf = getenv("UDRV_DEVICE");
	int ret = udrv_fds_parse(&dev->fds, getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
				 getenv("LISTEN_FDNAMES"), getpid());

	if (ret < 0) {
		udrv_log(dev, UDRV_ERR, "LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES do not fit together");
		return ret;
	}
	/* Ours alone: a child of the driver must not keep the device busy. */
	for (int i = 0; i < dev->fds.n; i++)
		if (fcntl(dev->fds.fd[i], F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	if (ret && bdf)
		snprintf(dev->name, sizeof(dev->name), "%s", bdf);
	return ret;
}

static int checkpoint_open(struct udrv_dev *dev)
{
	int fd = udrv_fds_find(&dev->fds, "checkpoint");
	struct udrv_checkpoint *cp;
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || st.st_size < UDRV_CHECKPOINT_SIZE)) {
		udrv_log(dev, UDRV_ERR, "the checkpoint has less than %d bytes",
			 UDRV_CHECKPOINT_SIZE);
		return -EINVAL;
	}
	/* Without the second page nothing can be handed over. */
	dev->checkpoint_len = fd >= 0 && st.st_size >= UDRV_CHECKPOINT_FILE ?
		UDRV_CHECKPOINT_FILE : UDRV_CHECKPOINT_SIZE;
	cp = mmap(NULL, dev->checkpoint_len, PROT_READ | PROT_WRITE,
		  fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd >= 0 ? fd : -1, 0);
	if (cp == MAP_FAILED)
		return -errno;
	if (dev->checkpoint_len == UDRV_CHECKPOINT_FILE)
		dev->handover = (void *)((char *)cp + UDRV_CHECKPOINT_SIZE);
	if (cp->magic != UDRV_CHECKPOINT_MAGIC) {
		memset(cp, 0, sizeof(*cp));
		cp->magic = UDRV_CHECKPOINT_MAGIC;
	}
	dev->checkpoint = cp;
	return 0;
}

/* An id that the driver does not know is refused, or the wrong chip would be
 * programmed. */
static int check_id(struct udrv_dev *dev)
{
	uint32_t vendor, device;
	int ret;

	if (!udrv_has_hardware(dev->drv))
		return 0;
	ret = udrv_config_read(dev, PCI_VENDOR_ID, 2, &vendor);
	if (!ret)
		ret = udrv_config_read(dev, PCI_DEVICE_ID, 2, &device);
	if (ret)
		return ret;
	dev->id = (struct udrv_id){ (uint16_t)vendor, (uint16_t)device };
	if (vendor == 0xffff) {
		udrv_log(dev, UDRV_ERR, "the device does not answer");
		return -ENODEV;
	}
	for (const struct udrv_id *id = dev->drv->ids; id && id->vendor; id++)
		if (id->vendor == vendor && id->device == device)
			return 0;
	udrv_log(dev, UDRV_ERR, "device %04x:%04x is not one this driver knows", vendor, device);
	return -ENODEV;
}

/* A driver without hardware gets none, also from a supervisor. */
static int check_name(struct udrv_dev *dev, const char **name)
{
	bool none = *name && !strcmp(*name, "none");

	if (none && udrv_has_hardware(dev->drv)) {
		udrv_log(dev, UDRV_ERR, "this driver needs hardware: name a device");
		return -EINVAL;
	}
	if (*name && !none && !udrv_has_hardware(dev->drv)) {
		udrv_log(dev, UDRV_ERR, "this driver has no hardware: the device's name must be none");
		return -EINVAL;
	}
	if (!udrv_has_hardware(dev->drv))
		*name = "none";
	return 0;
}

static int dev_init(struct udrv_dev *dev, const char *name, const struct udrv_driver *drv)
{
	int ret;

	dev->drv = drv;
	dev->dma_bits = 32;
	dev->notify.fd = dev->signal_fd = -1;
	dev->loop.ring.ring_fd = -1;
	udrv_iova_init(&dev->iova);
	snprintf(dev->name, sizeof(dev->name), "%s", name ? name : "device");
	dev->priv = calloc(1, drv->priv_size ? drv->priv_size : 1);
	if (!dev->priv)
		return -ENOMEM;
	if (!drv->start || !drv->stop) {
		udrv_log(dev, UDRV_ERR, "a driver needs start and stop");
		return -EINVAL;
	}

	ret = take_fds(dev);
	if (ret < 0)
		return ret;
	if (!name && !ret) {
		udrv_log(dev, UDRV_ERR, "no device named, and no supervisor left us one");
		return -EINVAL;
	}
	ret = udrv_notify_init(&dev->notify, udrv_fds_find(&dev->fds, "notify"),
			       getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"));
	if (ret) {
		udrv_log(dev, UDRV_ERR, "NOTIFY_SOCKET or WATCHDOG_USEC cannot be used: %s",
			 strerror(-ret));
		return ret;
	}
	ret = udrv_loop_init(&dev->loop);
	if (ret) {
		dev->loop.ring.ring_fd = -1;
		udrv_log(dev, UDRV_ERR, "no io_uring: %s%s", strerror(-ret),
			 ret == -EPERM ? "; is kernel.io_uring_disabled set?" : "");
		return ret;
	}
	/* Up to here nothing has touched what belongs to the device. */
	ret = udrv_standby_wait(dev);
	dev->running = udrv_fds_is(&dev->fds, "device", "running");
	return ret ? ret : checkpoint_open(dev);
}

int udrv_open(struct udrv_dev **devp, const char *name, const struct udrv_driver *drv)
{
	struct udrv_dev *dev = calloc(1, sizeof(*dev));
	int ret;

	if (!dev)
		return -ENOMEM;
	ret = dev_init(dev, name, drv);
	if (!ret)
		ret = check_name(dev, &name);
	if (!ret) {
		dev->ops = find_backend(name);
		ret = dev->ops->open(dev, name);
	}
	if (!ret)
		ret = udrv_fault_wrap(dev);
	if (!ret)
		ret = udrv_trace_wrap(dev);
	if (!ret)
		ret = check_id(dev);
	if (ret) {
		udrv_close(dev);
		return ret;
	}
	*devp = dev;
	return 0;
}

void udrv_close(struct udrv_dev *dev)
{
	if (dev->state == UDRV_DEV_STARTED)
		udrv_stop(dev);
	if (dev->backend_data && dev->state != UDRV_DEV_HANDED_OVER) {
		/* Its answer does not matter: the device may be gone. */
		udrv_bus_master(dev, false);
		udrv_irq_close_all(dev);
		udrv_dma_close_all(dev);
		udrv_bar_close_all(dev);
	}
	/* The ring first: reads in flight use descriptors and memory of both
	 * the backend and the driver. */
	if (dev->loop.ring.ring_fd >= 0)
		udrv_loop_exit(&dev->loop);
	udrv_irq_free_orphans(dev);
	if (dev->backend_data)
		dev->ops->close(dev);
	if (dev->checkpoint)
		munmap(dev->checkpoint, dev->checkpoint_len);
	if (dev->signal_fd >= 0)
		close(dev->signal_fd);
	udrv_notify_exit(&dev->notify);
	free(dev->priv);
	free(dev);
}

/* Bus mastering off, and before it the driver's own way to stop. */
static int halt(struct udrv_dev *dev)
{
	uint32_t cmd;
	int ret = 0;

	if (dev->drv->halt) {
		ret = udrv_config_read(dev, PCI_COMMAND, 2, &cmd);
		/* The same write makes the registers reachable. */
		if (!ret && cmd != 0xffff && cmd & PCI_COMMAND_MASTER)
			ret = udrv_bus_master(dev, true);
		if (!ret && cmd != 0xffff && cmd & PCI_COMMAND_MASTER)
			dev->drv->halt(dev);
	}
	if (!ret)
		ret = udrv_bus_master(dev, false);
	if (!ret && (dev->drv->halt || dev->running) && dev->state == UDRV_DEV_OPEN &&
	    dev->ops->dma_forget)
		ret = dev->ops->dma_forget(dev);
	return ret;
}

static int reset_quiet(struct udrv_dev *dev)
{
	int ret = halt(dev);

	if (ret) {
		udrv_log(dev, UDRV_ERR, "bus mastering cannot be switched off: the device does not answer");
		return ret;
	}
	if (dev->drv->reset)
		ret = dev->drv->reset(dev);
	else
		ret = dev->ops->reset ? dev->ops->reset(dev) : -ENOTSUP;
	if (ret == -ENOTSUP)
		udrv_log(dev, UDRV_ERR, "the device has no generic reset and the driver brings none: not started");
	else if (ret)
		udrv_log(dev, UDRV_ERR, "reset failed: %s", strerror(-ret));
	return ret;
}

int udrv_reset(struct udrv_dev *dev)
{
	int ret = reset_quiet(dev);

	if (!ret && dev->state == UDRV_DEV_STARTED)
		ret = udrv_bus_master(dev, true);
	return ret;
}

/* Give back what start() took, so that it may be called again. */
static void release(struct udrv_dev *dev)
{
	udrv_bus_master(dev, false);
	udrv_irq_close_all(dev);
	udrv_dma_close_all(dev);
	dev->state = UDRV_DEV_STOPPED;
}

int udrv_start(struct udrv_dev *dev)
{
	struct udrv_checkpoint *cp = dev->checkpoint;
	int ret;

	if (dev->state == UDRV_DEV_STARTED)
		return -EALREADY;
	if (dev->running && dev->state == UDRV_DEV_OPEN && !udrv_adopt(dev)) {
		cp->starts++;
		return 0;
	}
	ret = reset_quiet(dev);
	if (ret)
		return ret;
	ret = udrv_bus_master(dev, true);
	if (!ret) {
		dev->state = UDRV_DEV_STARTED;
		ret = dev->drv->start(dev);
	}
	if (ret) {
		udrv_log(dev, UDRV_ERR, "cannot start: %s", strerror(-ret));
		release(dev);
		return ret;
	}
	cp->starts++;
	return 0;
}

void udrv_stop(struct udrv_dev *dev)
{
	if (dev->state != UDRV_DEV_STARTED)
		return;
	/* From here on a udrv_reset() leaves bus mastering off. */
	dev->state = UDRV_DEV_STOPPED;
	dev->drv->stop(dev);
	release(dev);
}

const char *udrv_name(const struct udrv_dev *dev)
{
	return dev->name;
}

void *udrv_priv(const struct udrv_dev *dev)
{
	return dev->priv;
}

struct udrv_id udrv_id(const struct udrv_dev *dev)
{
	return dev->id;
}

struct udrv_loop *udrv_loop(struct udrv_dev *dev)
{
	return &dev->loop;
}

void *udrv_checkpoint(struct udrv_dev *dev, size_t *len)
{
	if (len)
		*len = UDRV_CHECKPOINT_SIZE;
	return dev->checkpoint;
}

int udrv_fd(const struct udrv_dev *dev, const char *name)
{
	return udrv_fds_find(&dev->fds, name);
}

const char *udrv_option(const struct udrv_dev *dev, const char *key)
{
	size_t len = strlen(key);

	for (int i = 0; i < UDRV_OPTIONS && dev->options[i]; i++)
		if (!strncmp(dev->options[i], key, len) && dev->options[i][len] == '=')
			return dev->options[i] + len + 1;
	return NULL;
}
