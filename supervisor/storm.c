// SPDX-License-Identifier: MIT
/* storm.c - interrupt storms, as udrv.ko counts them (docs/irq.md). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

/* The kernel may count twenty a second; the history has room for less. */
#define SAY_EVERY	1000000000ull

static int read_count(int fd, unsigned int *count)
{
	char text[16];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return len ? -errno : -EIO;
	text[len] = 0;
	*count = (unsigned int)strtoul(text, NULL, 10);
	return 0;
}

static void noticed(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_device *d = container_of(w, struct udrvd_device, storm);
	unsigned int before = d->storms;
	uint64_t now = udrvd_now();

	/* Unbound under us: the file has gone, and would wake us for ever. */
	if (read_count(d->storm.fd, &d->storms)) {
		udrvd_storm_close(d);
		return;
	}
	if (d->storms == before || (d->storm_said && now - d->storm_said < SAY_EVERY))
		return;
	d->storm_said = now;
	udrvd_history_add(&d->history, now, UDRVD_H_STORM, "%u since the device was bound",
			  d->storms);
	udrvd_log(UDRV_WARN, d->cfg->name, "%s interrupts too often: the kernel slows it down",
		  d->cfg->bdf);
}

void udrvd_storm_open(struct udrvd_device *d)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/irq_storms", d->cfg->bdf);
	d->storm.fn = noticed;
	d->storm.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (d->storm.fd < 0)
		return;
	/* Reading is also what makes it wait for the next one. */
	if (read_count(d->storm.fd, &d->storms) ||
	    udrvd_watch_add(&d->udrvd->loop, &d->storm, EPOLLPRI)) {
		close(d->storm.fd);
		d->storm.fd = -1;
	}
}

void udrvd_storm_close(struct udrvd_device *d)
{
	if (d->storm.fd < 0)
		return;
	udrvd_watch_del(&d->udrvd->loop, &d->storm);
	close(d->storm.fd);
	d->storm.fd = -1;
}
