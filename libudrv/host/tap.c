// SPDX-License-Identifier: MIT
/* tap.c - a network interface whose other end is a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host_internal.h"

static int set_up(int fd, char ifname[IFNAMSIZ], struct udrv_error *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL };
	int header = sizeof(struct virtio_net_hdr), off = 0;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", ifname);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		if (errno == EBUSY)
			return udrv_host_fail(err, -EBUSY,
				"interface %s exists already; choose another name, or remove it with: "
				"ip link del %s", ifname, ifname);
		return udrv_host_fail(err, -errno, "interface %s cannot be made: %s%s", ifname,
			strerror(errno), errno == EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &header) || ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM) ||
	    ioctl(fd, TUNSETCARRIER, &off))
		return udrv_host_fail(err, -errno, "interface %s cannot be set up: %s", ifname,
				      strerror(errno));
	memcpy(ifname, ifr.ifr_name, IFNAMSIZ);
	return 0;
}

int udrv_host_tap(char ifname[16], const char *alias, int *fdp, struct udrv_error *err)
{
	int fd, ret;

	if (!ifname[0] || strnlen(ifname, IFNAMSIZ) >= IFNAMSIZ || strchr(ifname, '/'))
		return udrv_host_fail(err, -EINVAL, "'%.32s' is no name for an interface", ifname);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return udrv_host_fail(err, -errno, "/dev/net/tun: %s%s", strerror(errno),
			errno == ENOENT || errno == ENODEV ? " (modprobe tun)" : "");
	ret = set_up(fd, ifname, err);
	if (ret) {
		close(fd);
		return ret;
	}
	/* For people who read ip link; nothing depends on it. */
	if (alias)
		udrv_host_write(alias, "/sys/class/net/%s/ifalias", ifname);
	*fdp = fd;
	return 0;
}
