// SPDX-License-Identifier: MIT
/*
 * tap.c - the Linux end: a TAP interface, of which we hold the descriptor.
 * Whoever holds it may change address, carrier and offloads without any
 * privilege.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <udrv/host.h>

#include "net_internal.h"

/* Without a supervisor: an interface that lives as long as we do. */
static int tap_make(struct udrv_tap *tap, struct udrv_dev *dev)
{
	const char *name = udrv_option(dev, "ifname");
	struct udrv_error err;
	int ret;

	if (!name)
		name = "udrv%d";
	if (!*name || strlen(name) >= sizeof(tap->name)) {
		udrv_log(dev, UDRV_ERR, "ifname=%s: a name has 1 to %zu letters", name,
			 sizeof(tap->name) - 1);
		return -EINVAL;
	}
	strcpy(tap->name, name);
	ret = udrv_host_tap(tap->name, udrv_name(dev), &tap->fd, &err);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "%s", err.text);
		return ret;
	}
	tap->own = true;
	return 0;
}

/* The descriptor is another's work: find out what it is. */
static int tap_check(struct udrv_tap *tap, struct udrv_dev *dev)
{
	struct ifreq ifr = { 0 };
	int len, flags;

	if (ioctl(tap->fd, TUNGETIFF, &ifr)) {
		udrv_log(dev, UDRV_ERR, "descriptor 'tap' is no TAP interface: %s",
			 strerror(errno));
		return -EINVAL;
	}
	memcpy(tap->name, ifr.ifr_name, sizeof(tap->name));
	tap->name[sizeof(tap->name) - 1] = '\0';
	if ((ifr.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) !=
	    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) {
		udrv_log(dev, UDRV_ERR,
			 "interface %s must be made with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR",
			 tap->name);
		return -EINVAL;
	}
	if (ioctl(tap->fd, TUNGETVNETHDRSZ, &len))
		return -errno;
	if (len < (int)sizeof(struct virtio_net_hdr) || len > UDRV_NET_HDR_MAX) {
		udrv_log(dev, UDRV_ERR, "interface %s has vnet headers of %d bytes, not %zu to %d",
			 tap->name, len, sizeof(struct virtio_net_hdr), UDRV_NET_HDR_MAX);
		return -EINVAL;
	}
	tap->hdr_len = (unsigned int)len;
	flags = fcntl(tap->fd, F_GETFL);
	if (flags < 0 || fcntl(tap->fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

int udrv_tap_open(struct udrv_tap *tap, struct udrv_dev *dev, bool csum)
{
	int ret = 0;

	tap->own = false;
	tap->fd = udrv_fd(dev, "tap");
	if (tap->fd < 0)
		ret = tap_make(tap, dev);
	if (ret)
		return ret;
	ret = tap_check(tap, dev);
	if (!ret && ioctl(tap->fd, TUNSETOFFLOAD, csum ? TUN_F_CSUM : 0)) {
		ret = -errno;
		udrv_log(dev, UDRV_ERR, "interface %s refuses offloads: %s", tap->name,
			 strerror(-ret));
	}
	if (ret)
		udrv_tap_close(tap);
	return ret;
}

void udrv_tap_close(struct udrv_tap *tap)
{
	if (tap->own)
		close(tap->fd);
	tap->own = false;
	tap->fd = -1;
}

int udrv_tap_get_mac(const struct udrv_tap *tap, uint8_t mac[6])
{
	struct ifreq ifr = { 0 };

	if (ioctl(tap->fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return 0;
}

int udrv_tap_set_mac(const struct udrv_tap *tap, const uint8_t mac[6])
{
	struct ifreq ifr = { 0 };

	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(tap->fd, SIOCSIFHWADDR, &ifr) ? -errno : 0;
}

int udrv_tap_set_carrier(const struct udrv_tap *tap, bool up)
{
	unsigned int on = up;

	return ioctl(tap->fd, TUNSETCARRIER, &on) ? -errno : 0;
}
