// SPDX-License-Identifier: MIT
/* frame.c - what the kernel put in front of a frame, judged.  Pure. */
#include <errno.h>

#include "net_internal.h"

#define ETH_HEADER	14

int udrv_net_check_tx(const struct virtio_net_hdr *hdr, size_t len, size_t max_frame,
		      struct udrv_net_tx *tx)
{
	*tx = (struct udrv_net_tx){ 0 };
	if (len < ETH_HEADER || len > max_frame)
		return -EINVAL;
	/* Segmentation was not offered, so nobody may ask for it. */
	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return -EINVAL;
	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (hdr->csum_start < ETH_HEADER ||
	    (size_t)hdr->csum_start + hdr->csum_offset + 2 > len)
		return -EINVAL;
	tx->csum = true;
	tx->csum_start = hdr->csum_start;
	tx->csum_offset = hdr->csum_offset;
	return 0;
}

/* The Internet checksum (RFC 1071).  The field holds the pseudo header's part
 * already, so it is summed up like the rest. */
void udrv_net_csum(uint8_t *frame, size_t len, const struct udrv_net_tx *tx)
{
	size_t at = (size_t)tx->csum_start + tx->csum_offset;
	uint32_t sum = 0;
	size_t i;

	for (i = tx->csum_start; i + 1 < len; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	if (i < len)
		sum += (uint32_t)frame[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	/* In UDP 0 means "no checksum"; 0xffff is the same number. */
	if (!sum)
		sum = 0xffff;
	frame[at] = (uint8_t)(sum >> 8);
	frame[at + 1] = (uint8_t)sum;
}
