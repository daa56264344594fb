// SPDX-License-Identifier: MIT
/*
 * plug.c - a device is pulled out, and another one plugged in.
 *
 * When a device shall go, the kernel asks VFIO's user for it and waits, for ever if
 * need be, until all descriptors of it are closed.  So its driver is asked to end,
 * and then it is given back; the endpoint stays.  Whoever plugs one in at the same
 * address gets it driven again.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"
#include "uevent.h"

/* The kernel says "add" before it looks for a driver: let it do that first. */
#define SETTLE		100000000ull	/* 100 ms */
#define KERNEL_GROUP	1		/* of NETLINK_KOBJECT_UEVENT; udev's own is 2 */

static void unplugged(struct udrvd_device *d)
{
	if (d->state != UDRVD_DYING)
		snprintf(d->why, sizeof(d->why), "unplugged");
	udrvd_device_event(d, UDRVD_EV_UNPLUGGED);
}

/* The kernel asks again and again until it has the device. */
static void requested(struct udrvd_watch *w, unsigned int events)
{
	eventfd_t n;

	if (!eventfd_read(w->fd, &n))
		unplugged(container_of(w, struct udrvd_device, plug.request));
}

/* A driver that keeps the kernel from asking us (VFIO has one ear) cannot keep it
 * from saying so. */
void udrvd_plug_logged(struct udrvd_device *d, const char *line)
{
	if (d->plug.request.fd >= 0 && udrvd_uevent_blocked(line, d->cfg->bdf))
		unplugged(d);
}

static int ask_to_be_asked(int device, int fd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} s = {
		.set = {
			.argsz = sizeof(s), .index = VFIO_PCI_REQ_IRQ_INDEX, .count = 1,
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		},
		.fd = fd,
	};

	return ioctl(device, VFIO_DEVICE_SET_IRQS, &s) ? -errno : 0;
}

void udrvd_plug_open(struct udrvd_device *d)
{
	struct udrvd_watch *w = &d->plug.request;
	int ret;

	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = w->fd < 0 ? -errno : ask_to_be_asked(d->vfio.device, w->fd);
	if (!ret)
		ret = udrvd_watch_add(&d->udrvd->loop, w, EPOLLIN);
	if (!ret)
		return;
	udrvd_log(UDRV_WARN, d->cfg->name, "nobody will notice that %s is unplugged: %s",
		  d->cfg->bdf, strerror(-ret));
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void udrvd_plug_close(struct udrvd_device *d)
{
	if (d->plug.request.fd < 0)
		return;
	udrvd_watch_del(&d->udrvd->loop, &d->plug.request);
	close(d->plug.request.fd);
	d->plug.request.fd = -1;
}

static void settled(struct udrvd_timer *t)
{
	udrvd_device_event(container_of(t, struct udrvd_device, plug.timer), UDRVD_EV_PLUGGED);
}

static void comes(struct udrvd_device *d)
{
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_PLUGGED, "%s", d->cfg->bdf);
	udrvd_timer_arm(&d->udrvd->loop, &d->plug.timer, SETTLE);
}

/* Only the kernel's word counts; anybody may send to us. */
static ssize_t receive(int fd, char *text, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, text, size, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	return n > 0 && from.nl_pid ? 0 : n;
}

static void heard(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd *u = container_of(w, struct udrvd, uevents);
	char text[4096];
	ssize_t n = receive(w->fd, text, sizeof(text));
	bool lost = n < 0 && errno == ENOBUFS;

	if (n < 0 && !lost)
		return;
	for (size_t i = 0; i < u->n; i++) {
		struct udrvd_device *d = &u->devices[i];

		/* Some words were lost: perhaps those about this device. */
		if (lost ? d->state == UDRVD_HELD && d->vfio.device < 0 :
		    udrvd_uevent_comes(text, (size_t)n, d->cfg->bdf, d->cfg->bind[0]))
			comes(d);
	}
}

void udrvd_plug_init(struct udrvd_device *d)
{
	d->plug = (struct udrvd_plug){ { -1, requested }, { .fn = settled } };
}

void udrvd_plug_watch(struct udrvd *u)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	u->uevents = (struct udrvd_watch){ fd, heard };
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    !udrvd_watch_add(&u->loop, &u->uevents, EPOLLIN))
		return;
	udrvd_log(UDRV_WARN, NULL, "devices that are plugged in need udrvctl start: %s",
		  strerror(errno));
	if (fd >= 0)
		close(fd);
	u->uevents.fd = -1;
}
