// SPDX-License-Identifier: MIT
/* device_open.c - what outlives drivers: device, memory, endpoint. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bounded.h"
#include "device.h"
#include "log.h"
#include "store.h"
#include "memory.h"

static bool has_hardware(const struct udrvd_device *d)
{
	return strcmp(d->cfg->bdf, "none") != 0;
}

/* The last udrvd's, if it goes by the rules: it knows what its user has set up. */
static int open_checkpoint(const char *device)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = udrvd_store_take("checkpoint", device);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size == UDRV_CHECKPOINT_SIZE &&
	    (fcntl(fd, F_GET_SEALS) & seals) == seals)
		return fd;
	if (fd >= 0)
		close(fd);
	fd = udrvd_memfd("udrv-checkpoint", UDRV_CHECKPOINT_SIZE);
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

static int open_hardware(struct udrvd_device *d, struct udrv_error *err)
{
	int ret = 0;

	if (!has_hardware(d) || d->vfio.device >= 0)
		return 0;
	if (d->cfg->bind[0])
		ret = udrv_host_bind(d->cfg->bdf, d->cfg->bind, err);
	if (!ret)
		ret = udrv_host_open(d->cfg->bdf, &d->vfio, err);
	if (ret)
		return ret;
	udrv_host_ports_try(d->cfg->bdf, &d->ports);
	udrvd_storm_open(d);
	udrvd_plug_open(d);
	return 0;
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
		ret = open_hardware(d, err);
	if (!ret)
		map_arena(d);
	if (!ret)
		ret = open_endpoint(d, err);
	return ret;
}

void udrvd_device_release(struct udrvd_device *d)
{
	/* The next start looks at the libraries anew. */
	udrvd_cell_close(&d->cell);
	if (d->vfio.container < 0)
		return;
	udrvd_storm_close(d);
	udrvd_plug_close(d);
	udrv_host_close(&d->vfio);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_RELEASED, "%s", d->cfg->bdf);
}

static void note_step(struct udrvd_device *d, const char *what, uint64_t when, int r)
{
	udrvd_history_add(&d->history, when, what, "%s", r == -ENOTSUP ? "the device has none" :
			  r ? strerror(-r) : "ok");
	if (r && r != -ENOTSUP)
		udrvd_log(UDRV_ERR, d->cfg->name, "%s: %s failed: %s", d->cfg->bdf, what,
			  strerror(-r));
}

void udrvd_device_irqs_off(struct udrvd_device *d)
{
	int r;

	if (d->vfio.device < 0)
		return;
	r = udrv_host_irqs_off(&d->vfio);
	note_step(d, UDRVD_H_IRQS, udrvd_now(), r);
}

/* A device that does not answer any more may hang whoever resets it for a minute:
 * so long the others cannot wait.  The descriptors are copies, because ours may
 * be closed, and their numbers another device's, before it returns. */
#define QUIET_MS	1000

struct quiet {
	struct udrvd_job job;
	struct udrv_host_vfio vfio;
	struct udrv_quiesce_log log;
};

static void run_quiet(struct udrvd_job *job)
{
	struct quiet *q = container_of(job, struct quiet, job);

	udrv_host_quiesce(&q->vfio, &q->log);
}

static void drop_quiet(struct udrvd_job *job)
{
	struct quiet *q = container_of(job, struct quiet, job);

	udrv_host_close(&q->vfio);
	free(q);
}

static int copy_of(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static struct quiet *make_quiet(const struct udrv_host_vfio *v)
{
	struct quiet *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->job.run = run_quiet;
	q->job.drop = drop_quiet;
	q->vfio = *v;
	q->vfio.container = copy_of(v->container);
	q->vfio.group = copy_of(v->group);
	q->vfio.device = copy_of(v->device);
	q->vfio.irq = copy_of(v->irq);
	q->vfio.isa[0] = copy_of(v->isa[0]);
	q->vfio.isa[1] = copy_of(v->isa[1]);
	return q;
}

/* A driver that did nothing useful, or had to be ended, may have done something
 * to the mappings of which nobody knows. */
static bool keeps_mappings(const struct udrvd_device *d)
{
	return !d->strikes && !d->why[0];
}

void udrvd_device_quiesce(struct udrvd_device *d)
{
	static const char *const what[UDRV_QUIESCE_STEPS] = {
		[UDRV_QUIESCE_BUS_MASTER] = UDRVD_H_BUS_MASTER,
		[UDRV_QUIESCE_IRQS] = UDRVD_H_IRQS,
		[UDRV_QUIESCE_RESET] = UDRVD_H_RESET,
		[UDRV_QUIESCE_UNMAP] = UDRVD_H_UNMAP,
	};
	struct quiet *q;
	int ret;

	if (d->vfio.device < 0)
		return;
	if (!keeps_mappings(d))
		d->vfio.n_kept = 0;
	q = make_quiet(&d->vfio);
	ret = q ? udrvd_job_run(&q->job, QUIET_MS) : -ENOMEM;
	d->vfio.n_kept = ret ? 0 : q->vfio.n_kept;
	for (int i = 0; i < UDRV_QUIESCE_STEPS; i++)
		note_step(d, what[i], ret ? udrvd_now() : q->log.when[i],
			  ret ? ret : q->log.result[i]);
	if (q && ret != -ETIMEDOUT)
		drop_quiet(&q->job);
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
