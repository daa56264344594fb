// SPDX-License-Identifier: MIT
/*
 * device_hardware.c - the device itself: bound, opened, quieted and closed.
 *
 * A device that does not answer any more may hang whoever touches it for a minute or
 * for ever, and so long the other devices cannot wait.  So each of these is done by a
 * thread, and waited for only so long.  What is still under way then ends some time,
 * with descriptors of its own: ours may be closed meanwhile, and their numbers
 * another device's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bounded.h"
#include "device.h"
#include "log.h"
#include "udrvd.h"

#define QUIET_MS	1000
#define CLOSE_MS	1000	/* VFIO resets a device at its last close */
#define OPEN_MS		5000	/* an old driver may have to let go first */

static const struct udrv_host_vfio nothing = {
	.container = -1, .group = -1, .device = -1, .irq = -1, .isa = { -1, -1 },
};

struct work {
	struct udrvd_job job;
	void (*what)(struct work *w);
	char bdf[UDRV_BDF_LEN];
	char bind[sizeof(((struct udrvd_config *)0)->bind)];
	struct udrv_host_vfio vfio;
	struct udrv_quiesce_log log;
	struct udrv_error err;
	int ret;
};

static void do_open(struct work *w)
{
	if (w->bind[0])
		w->ret = udrv_host_bind(w->bdf, w->bind, &w->err);
	if (!w->ret)
		w->ret = udrv_host_open(w->bdf, &w->vfio, &w->err);
}

static void do_quiesce(struct work *w)
{
	w->ret = udrv_host_quiesce(&w->vfio, &w->log);
}

static void do_irqs_off(struct work *w)
{
	w->ret = udrv_host_irqs_off(&w->vfio);
}

static void do_close(struct work *w)
{
	udrv_host_close(&w->vfio);
}

static void run(struct udrvd_job *job)
{
	struct work *w = container_of(job, struct work, job);

	w->what(w);
}

/* Whatever it still holds, nobody else knows of. */
static void drop(struct udrvd_job *job)
{
	struct work *w = container_of(job, struct work, job);

	udrv_host_close(&w->vfio);
	free(w);
}

static struct work *make(void (*what)(struct work *w), const struct udrvd_device *d)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->job.run = run;
	w->job.drop = drop;
	w->what = what;
	w->vfio = nothing;
	strcpy(w->bdf, d->cfg->bdf);
	strcpy(w->bind, d->cfg->bind);
	return w;
}

static int copy_of(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static struct work *make_with_copies(void (*what)(struct work *w), const struct udrvd_device *d)
{
	const struct udrv_host_vfio *v = &d->vfio;
	struct work *w = make(what, d);

	if (!w)
		return NULL;
	w->vfio = *v;
	w->vfio.container = copy_of(v->container);
	w->vfio.group = copy_of(v->group);
	w->vfio.device = copy_of(v->device);
	w->vfio.irq = copy_of(v->irq);
	w->vfio.isa[0] = copy_of(v->isa[0]);
	w->vfio.isa[1] = copy_of(v->isa[1]);
	return w;
}

/* 0: it was done, and w is to be dropped. */
static int within(struct work *w, int ms, int *late)
{
	int ret = w ? udrvd_job_run(&w->job, ms, late) : -ENOMEM;

	if (w && ret && ret != -ETIMEDOUT)
		drop(&w->job);
	return ret;
}

/* Nobody minds when it ends. */
static int within_or_never(struct work *w, int ms)
{
	int late, ret = within(w, ms, &late);

	if (ret == -ETIMEDOUT && late >= 0)
		close(late);
	return ret;
}

int udrvd_hardware_open(struct udrvd_device *d, struct udrv_error *err)
{
	struct work *w;
	int ret;

	if (!strcmp(d->cfg->bdf, "none") || d->vfio.device >= 0)
		return 0;
	w = make(do_open, d);
	ret = within_or_never(w, OPEN_MS);
	if (ret) {
		snprintf(err->text, sizeof(err->text), ret == -ETIMEDOUT ?
			 "does not answer: it was not opened within %d s; udrvctl start tries again" :
			 "cannot be opened: out of memory", OPEN_MS / 1000);
		return ret;
	}
	ret = w->ret;
	*err = w->err;
	if (!ret) {
		d->vfio = w->vfio;
		w->vfio = nothing;
	}
	drop(&w->job);
	if (ret)
		return ret;
	udrv_host_ports_try(d->cfg->bdf, &d->ports);
	udrvd_storm_open(d);
	udrvd_plug_open(d);
	return 0;
}

void udrvd_device_release(struct udrvd_device *d)
{
	struct work *w;
	int ret;

	/* The next start looks at the libraries anew. */
	udrvd_cell_close(&d->cell);
	if (d->vfio.container < 0)
		return;
	udrvd_storm_close(d);
	udrvd_plug_close(d);
	w = make(do_close, d);
	if (w) {
		w->vfio = d->vfio;
		ret = within_or_never(w, CLOSE_MS);
		if (!ret)
			drop(&w->job);
	} else {
		udrv_host_close(&d->vfio);
		ret = 0;
	}
	d->vfio = nothing;
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_RELEASED, "%s%s", d->cfg->bdf,
			  ret == -ETIMEDOUT ? ", but it does not answer" : "");
	if (ret == -ETIMEDOUT)
		udrvd_log(UDRV_ERR, d->cfg->name, "%s does not answer: it is not closed after %d s",
			  d->cfg->bdf, CLOSE_MS / 1000);
}

static void note_step(struct udrvd_device *d, const char *what, uint64_t when, int r)
{
	udrvd_history_add(&d->history, when, what, "%s", r == -ENOTSUP ? "the device has none" :
			  r ? strerror(-r) : "ok");
	if (r && r != -ENOTSUP)
		udrvd_log(UDRV_ERR, d->cfg->name, "%s: %s failed: %s", d->cfg->bdf, what,
			  strerror(-r));
}

/* ---- quieting it --------------------------------------------------------------------- */

bool udrvd_hardware_late(const struct udrvd_device *d)
{
	return d->late.watch.fd >= 0;
}

void udrvd_hardware_forget(struct udrvd_device *d)
{
	if (d->late.watch.fd < 0)
		return;
	udrvd_watch_del(&d->udrvd->loop, &d->late.watch);
	close(d->late.watch.fd);
	d->late.watch.fd = -1;
}

static void quiet_at_last(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_device *d = container_of(w, struct udrvd_device, late.watch);

	udrvd_hardware_forget(d);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_QUIET, "%llu ms late",
			  (udrvd_now() - d->late.since) / 1000000ull);
	udrvd_device_quiet(d);
}

/* What is late does its work under the next driver, and takes the bus from it or its
 * interrupts.  So that driver has to wait for it. */
static int quieted(struct udrvd_device *d, struct work *w)
{
	int late, ret = within(w, QUIET_MS, &late);

	if (ret != -ETIMEDOUT || late < 0)
		return ret;
	d->late.since = udrvd_now();
	d->late.watch = (struct udrvd_watch){ late, quiet_at_last };
	if (udrvd_watch_add(&d->udrvd->loop, &d->late.watch, EPOLLIN)) {
		close(late);
		d->late.watch.fd = -1;
	}
	return ret;
}

void udrvd_device_irqs_off(struct udrvd_device *d)
{
	struct work *w;
	int ret;

	if (d->vfio.device < 0 || udrvd_hardware_late(d))
		return;
	w = make_with_copies(do_irqs_off, d);
	ret = quieted(d, w);
	note_step(d, UDRVD_H_IRQS, udrvd_now(), ret ? ret : w->ret);
	if (!ret)
		drop(&w->job);
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
	struct work *w;
	int ret;

	if (d->vfio.device < 0 || udrvd_hardware_late(d))
		return;
	if (!keeps_mappings(d))
		d->vfio.n_kept = 0;
	w = make_with_copies(do_quiesce, d);
	ret = quieted(d, w);
	d->vfio.n_kept = ret ? 0 : w->vfio.n_kept;
	for (int i = 0; i < UDRV_QUIESCE_STEPS; i++)
		note_step(d, what[i], ret ? udrvd_now() : w->log.when[i],
			  ret ? ret : w->log.result[i]);
	if (!ret)
		drop(&w->job);
}
