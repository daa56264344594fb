// SPDX-License-Identifier: MIT
/*
 * dmafault.c - DMA that the IOMMU refused.
 *
 * Nobody tells the driver: its descriptor says "done", and the data are
 * nowhere.  The kernel's log is the only place that knows which device it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "device.h"
#include "dmafault.h"
#include "log.h"
#include "udrvd.h"

static void faulted(struct udrvd_device *d, const char *line)
{
	const char *text = strchr(line, ';');

	d->dma_faults++;
	/* A log that is read late, or the dead driver's last ones. */
	if (d->state != UDRVD_RUNNING && d->state != UDRVD_STARTING)
		return;
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_DMA_FAULT, "%.100s", text ? text + 1 : line);
	snprintf(d->why, sizeof(d->why), "DMA fault");
	udrvd_device_event(d, UDRVD_EV_KILL);
}

static void logged(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd *u = container_of(w, struct udrvd, kmsg);
	char line[1024];
	ssize_t n = read(w->fd, line, sizeof(line) - 1);

	/* EPIPE: some were lost; the next read goes on behind them. */
	if (n < 0 && errno != EPIPE && errno != EAGAIN && errno != EINVAL)
		udrvd_watch_del(&u->loop, w);
	if (n <= 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < u->n; i++) {
		if (udrvd_dma_fault_of(line, u->devices[i].cfg->bdf))
			faulted(&u->devices[i], line);
		udrvd_plug_logged(&u->devices[i], line);
	}
}

/* Only what comes from now on. */
void udrvd_dma_faults_watch(struct udrvd *u)
{
	u->kmsg = (struct udrvd_watch){
		open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NONBLOCK), logged
	};
	if (u->kmsg.fd < 0)
		return;
	if (lseek(u->kmsg.fd, 0, SEEK_END) < 0 || udrvd_watch_add(&u->loop, &u->kmsg, EPOLLIN)) {
		close(u->kmsg.fd);
		u->kmsg.fd = -1;
	}
}
