// SPDX-License-Identifier: MIT
/* endpoint_net.c - a TAP interface. */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "store.h"

/* The last udrvd's, with all that its user has set up since.  It may have been
 * deleted or become another program's. */
static bool adopt(struct udrvd_endpoint *e)
{
	struct ifreq ifr;
	int fd = udrvd_store_take("net", e->cfg->name);

	if (fd < 0)
		return false;
	if (ioctl(fd, TUNGETIFF, &ifr)) {
		close(fd);
		return false;
	}
	e->fd = fd;
	return true;
}

static int net_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	char ifname[16], alias[64];
	int ret;

	if (adopt(e))
		return 0;
	memcpy(ifname, e->cfg->ifname, sizeof(ifname));
	snprintf(alias, sizeof(alias), "udrv %s %s", e->cfg->name, e->cfg->bdf);
	ret = udrv_host_tap(ifname, alias, &e->fd, err);
	if (!ret)
		udrvd_store_put("net", e->cfg->name, e->fd);
	return ret;
}

static unsigned int net_fds(struct udrvd_endpoint *e, struct udrvd_fd *fds)
{
	fds[0] = (struct udrvd_fd){ e->fd, "tap" };
	return 1;
}

static int carrier_off(struct udrvd_endpoint *e, char *text, size_t size)
{
	int off = 0;
	int ret = ioctl(e->fd, TUNSETCARRIER, &off) ? -errno : 0;

	snprintf(text, size, ret ? "carrier off: %s" : "carrier off", strerror(-ret));
	return ret;
}

/* The kernel queues frames for the next driver while the carrier is on. */
static int net_hold(struct udrvd_endpoint *e, char *text, size_t size)
{
	if (e->cfg->carrier_drop)
		return carrier_off(e, text, size);
	snprintf(text, size, "carrier held");
	return 0;
}

static int net_down(struct udrvd_endpoint *e, char *text, size_t size)
{
	return carrier_off(e, text, size);
}

/* Frames that wait in the interface's queue, or in the driver since it took them.
 * Without a carrier they may wait for ever. */
static bool net_work(struct udrvd_endpoint *e, uint64_t *done)
{
	struct pollfd p = { .fd = e->fd, .events = POLLIN };
	struct udrv_checkpoint cp;

	if (!udrvd_device_checkpoint(container_of(e, struct udrvd_device, endpoint), &cp) ||
	    cp.class != UDRV_CLASS_NET || cp.net.carrier != 1)
		return false;
	*done = cp.net.tx_taken + cp.net.tx_sent + cp.net.tx_dropped;
	return cp.net.tx_taken != cp.net.tx_sent + cp.net.tx_dropped || poll(&p, 1, 0) == 1;
}

static void net_name(const struct udrvd_endpoint *e, char *text, size_t size)
{
	struct ifreq ifr = { 0 };

	if (!e->is_open || ioctl(e->fd, TUNGETIFF, &ifr))
		snprintf(text, size, "%s", e->cfg->ifname);
	else
		snprintf(text, size, "%.15s", ifr.ifr_name);
}

static void net_close(struct udrvd_endpoint *e)
{
	close(e->fd);
}

const struct udrvd_endpoint_ops udrvd_endpoint_net = {
	.type = "net",
	.stays = true,
	.open = net_open,
	.fds = net_fds,
	.hold = net_hold,
	.down = net_down,
	.work = net_work,
	.name = net_name,
	.close = net_close,
};

void udrvd_endpoint_init(struct udrvd_endpoint *e, const struct udrvd_config *cfg)
{
	*e = (struct udrvd_endpoint){
		.cfg = cfg,
		.fd = -1,
		.ops = cfg->net ? &udrvd_endpoint_net : cfg->disk ? &udrvd_endpoint_blk :
			cfg->sound ? &udrvd_endpoint_snd : NULL,
	};
}
