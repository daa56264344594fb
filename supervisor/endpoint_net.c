// SPDX-License-Identifier: MIT
/* endpoint_net.c - a TAP interface. */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "endpoint.h"

static int net_open(struct udrvd_endpoint *e, struct udrv_error *err)
{
	char ifname[16], alias[64];

	memcpy(ifname, e->cfg->ifname, sizeof(ifname));
	snprintf(alias, sizeof(alias), "udrv %s %s", e->cfg->name, e->cfg->bdf);
	return udrv_host_tap(ifname, alias, &e->fd, err);
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
	.open = net_open,
	.fds = net_fds,
	.hold = net_hold,
	.down = net_down,
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
