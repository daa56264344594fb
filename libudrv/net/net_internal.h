/* SPDX-License-Identifier: MIT */
/* What the parts of the network class say to each other. */
#ifndef UDRV_NET_INTERNAL_H
#define UDRV_NET_INTERNAL_H

#include <linux/virtio_net.h>
#include <udrv/net.h>

#define UDRV_NET_HDR_MAX	32	/* vnet headers known so far have 10 to 20 bytes */
#define UDRV_NET_IN_FLIGHT_MAX	65536	/* more frames than any ring holds */

/* Pure (frame.c): may this frame, as read from the kernel, go out, and how?
 * -EINVAL: no. */
int udrv_net_check_tx(const struct virtio_net_hdr *hdr, size_t len, size_t max_frame,
		      struct udrv_net_tx *tx);
/* Pure: do the checksum work in software. */
void udrv_net_csum(uint8_t *frame, size_t len, const struct udrv_net_tx *tx);

/* Pure (state.c): take over the page of a predecessor or begin a new one.
 * What the predecessor had in flight becomes dropped.  Returns the number of
 * these frames, or -EUCLEAN after mending numbers that cannot be true. */
int64_t udrv_net_state_resume(struct udrv_checkpoint *cp);
/* Pure: the predecessor left so many frames in flight to us, and its page says the
 * same?  Else -EUCLEAN, and nothing was changed. */
int udrv_net_state_adopt(const struct udrv_checkpoint *cp, unsigned int in_flight);
bool udrv_net_mac_ok(const uint8_t mac[6]);

/* The interface (tap.c). */
int udrv_tap_open(struct udrv_tap *tap, struct udrv_dev *dev, bool csum);
void udrv_tap_close(struct udrv_tap *tap);
int udrv_tap_get_mac(const struct udrv_tap *tap, uint8_t mac[6]);
int udrv_tap_set_mac(const struct udrv_tap *tap, const uint8_t mac[6]);
int udrv_tap_set_carrier(const struct udrv_tap *tap, bool up);

#endif /* UDRV_NET_INTERNAL_H */
