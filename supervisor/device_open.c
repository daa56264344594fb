// SPDX-License-Identifier: MIT
/* device_open.c - what outlives drivers: memory and endpoint, and when the device is opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "store.h"
#include "memory.h"

/* The last udrvd's, if it goes by the rules: it knows what its user has set up. */
static int open_checkpoint(const char *device)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = udrvd_store_take("checkpoint", device);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size == UDRV_CHECKPOINT_FILE &&
	    (fcntl(fd, F_GET_SEALS) & seals) == seals)
		return fd;
	if (fd >= 0)
		close(fd);
	fd = udrvd_memfd("udrv-checkpoint", UDRV_CHECKPOINT_FILE);
	if (fd >= 0)
		udrvd_store_put("checkpoint", device, fd);
	return fd;
}

static int open_memory(struct udrvd_device *d, struct udrv_error *err)
{
	void *page;

	if (d->arena < 0)
		d->arena = udrvd_memfd_dma("udrv-arena", d->cfg->arena);
	if (d->checkpoint < 0)
		d->checkpoint = open_checkpoint(d->cfg->name);
	if (d->arena < 0 || d->checkpoint < 0) {
		int ret = d->arena < 0 ? d->arena : d->checkpoint;

		snprintf(err->text, sizeof(err->text), "memory for the driver: %s",
			 strerror(-ret));
		return ret;
	}
	if (d->page)
		return 0;
	page = mmap(NULL, UDRV_CHECKPOINT_SIZE, PROT_READ, MAP_SHARED, d->checkpoint, 0);
	if (page == MAP_FAILED) {
		snprintf(err->text, sizeof(err->text), "checkpoint page: %s", strerror(errno));
		return -errno;
	}
	d->page = page;
	return 0;
}

/* Once for all drivers.  One that gets it unmapped maps it itself, so without the
 * right to do it here we are only slower. */
static void map_arena(struct udrvd_device *d)
{
	struct udrv_host_map map;
	int ret;

	if (d->vfio.n_kept)
		return;
	snprintf(d->arena_name, sizeof(d->arena_name), "arena");
	if (d->vfio.container < 0)
		return;
	ret = udrv_host_keep(&d->vfio, d->arena, 0, d->cfg->arena, &map);
	if (ret)
		udrvd_log(UDRV_INFO, d->cfg->name, "each driver maps its DMA memory itself: %s",
			  strerror(-ret));
	else
		snprintf(d->arena_name, sizeof(d->arena_name), "arena@%llx+%llx",
			 (unsigned long long)map.iova, (unsigned long long)map.len);
}

static int open_endpoint(struct udrvd_device *d, struct udrv_error *err)
{
	int ret;

	if (!d->endpoint.ops || d->endpoint.is_open)
		return 0;
	ret = d->endpoint.ops->open(&d->endpoint, err);
	d->endpoint.is_open = !ret;
	return ret;
}

int udrvd_device_open(struct udrvd_device *d, struct udrv_error *err)
{
	int ret = open_memory(d, err);

	if (!ret)
		ret = udrvd_hardware_open(d, err);
	if (!ret)
		map_arena(d);
	if (!ret)
		ret = open_endpoint(d, err);
	return ret;
}

void udrvd_device_close(struct udrvd_device *d)
{
	udrvd_device_release(d);
	if (d->endpoint.is_open)
		d->endpoint.ops->close(&d->endpoint);
	d->endpoint.is_open = false;
	if (d->page)
		munmap((void *)d->page, UDRV_CHECKPOINT_SIZE);
	d->page = NULL;
	udrvd_trace_close(&d->trace);
	if (d->arena >= 0)
		close(d->arena);
	if (d->checkpoint >= 0)
		close(d->checkpoint);
	d->arena = d->checkpoint = -1;
}

bool udrvd_device_checkpoint(const struct udrvd_device *d, struct udrv_checkpoint *cp)
{
	if (!d->page)
		return false;
	/* A copy: the driver may write at any time. */
	*cp = *(const struct udrv_checkpoint *)d->page;
	return cp->magic == UDRV_CHECKPOINT_MAGIC;
}
