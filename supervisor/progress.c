// SPDX-License-Identifier: MIT
/*
 * progress.c - a driver that is alive but does no work: work waits at its
 * endpoint, and none is done for as long as progress= allows.
 *
 * The endpoint is asked, as far as the kernel knows it, and not the driver: a
 * loop that still turns says WATCHDOG=1 whatever else has got stuck.
 */
#include <stdio.h>

#include "device.h"
#include "udrvd.h"

#define MS	1000000ull

static void look(struct udrvd_timer *t)
{
	struct udrvd_device *d = container_of(t, struct udrvd_device, progress.timer);
	struct udrvd_progress *p = &d->progress;
	uint64_t done = 0, now = udrvd_now();
	bool waits = d->endpoint.is_open && d->endpoint.ops->work(&d->endpoint, &done);

	if (d->state != UDRVD_RUNNING)
		return;
	if (!waits || done != p->done) {
		p->done = done;
		p->since = now;
	} else if (now - p->since >= d->cfg->progress) {
		snprintf(d->why, sizeof(d->why), "no progress: work waits, none done for %llu ms",
			 (now - p->since) / MS);
		udrvd_device_event(d, UDRVD_EV_WATCHDOG);
		return;
	}
	udrvd_timer_arm(&d->udrvd->loop, t, d->cfg->progress / 4);
}

void udrvd_progress_begin(struct udrvd_device *d)
{
	struct udrvd_progress *p = &d->progress;

	if (!d->cfg->progress || !d->endpoint.is_open || !d->endpoint.ops->work)
		return;
	p->timer.fn = look;
	p->done = 0;
	p->since = udrvd_now();
	udrvd_timer_arm(&d->udrvd->loop, &p->timer, d->cfg->progress / 4);
}

void udrvd_progress_end(struct udrvd_device *d)
{
	udrvd_timer_cancel(&d->udrvd->loop, &d->progress.timer);
}
