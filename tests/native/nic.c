// SPDX-License-Identifier: MIT
/* nic.c - a network driver between two sockets. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "../../libudrv/net/net_internal.h"
#include "nic.h"

const uint8_t nic_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t other_mac[6] = { 0x52, 0x54, 0x00, 0xaa, 0xbb, 0xcc };

/* ---- the TAP interface -------------------------------------------------- */

struct nic_tap nic_tap = { .driver = -1, .kernel = -1 };

int udrv_tap_open(struct udrv_tap *tap, struct udrv_dev *dev, bool csum)
{
	tap->fd = nic_tap.driver;
	tap->own = false;
	tap->hdr_len = NIC_HDR;
	strcpy(tap->name, "tap");
	return 0;
}

void udrv_tap_close(struct udrv_tap *tap)
{
	tap->fd = -1;
}

int udrv_tap_get_mac(const struct udrv_tap *tap, uint8_t mac[6])
{
	memcpy(mac, nic_tap.mac, 6);
	return 0;
}

int udrv_tap_set_mac(const struct udrv_tap *tap, const uint8_t mac[6])
{
	memcpy(nic_tap.mac, mac, 6);
	return 0;
}

int udrv_tap_set_carrier(const struct udrv_tap *tap, bool up)
{
	nic_tap.carrier = up;
	return 0;
}

/* ---- set-up -------------------------------------------------------------- */

void nic_begin(struct nic *nic, const char *model, size_t dma_size)
{
	char args[128], device[128];
	int pair[2];

	*nic = (struct nic){ .status = -ETIME };
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	nic_tap = (struct nic_tap){ .driver = pair[0], .kernel = pair[1] };

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	nic->wire = pair[0];
	fcntl(nic->wire, F_SETFD, FD_CLOEXEC);
	snprintf(args, sizeof(args), "-netdev dgram,id=n0,local.type=fd,local.str=%d", pair[1]);
	setenv("UDRV_QEMU_ARGS", args, 1);
	snprintf(device, sizeof(device), "%s,netdev=n0,mac=52:54:00:12:34:56", model);
	qemu_start(&nic->qemu, device, dma_size);
	close(pair[1]);
}

void nic_end(struct nic *nic)
{
	nic_down(nic);
	qemu_stop(&nic->qemu);
	close(nic->wire);
	close(nic_tap.driver);
	close(nic_tap.kernel);
}

int nic_open(struct nic *nic, const struct udrv_driver *drv)
{
	nic->status = -ETIME;
	return udrv_open(&nic->dev, nic->qemu.name, drv);
}

int nic_start(struct nic *nic)
{
	int ret = udrv_start(nic->dev);

	if (ret)
		nic_down(nic);
	return ret;
}

int nic_up(struct nic *nic, const struct udrv_driver *drv)
{
	int ret = nic_open(nic, drv);

	return ret ? ret : nic_start(nic);
}

void nic_down(struct nic *nic)
{
	if (nic->dev)
		udrv_close(nic->dev);
	nic->dev = NULL;
}

struct udrv_net_state *nic_state(struct nic *nic)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(nic->dev, NULL);

	return &cp->net;
}

int nic_run(struct nic *nic, unsigned int ms)
{
	if (nic->status == -ETIME)
		nic->status = udrv_loop_run_for(udrv_loop(nic->dev), ms);
	return nic->status;
}

/* ---- frames ------------------------------------------------------------- */

static uint8_t pattern(size_t i, uint32_t seq)
{
	return (uint8_t)(i * 31 + seq * 7 + (i >> 8));
}

void nic_frame(uint8_t *frame, size_t len, uint32_t seq, const uint8_t *dst)
{
	memcpy(frame, dst ? dst : nic_mac, 6);
	memcpy(frame + 6, other_mac, 6);
	frame[12] = 0x88;		/* an EtherType for experiments */
	frame[13] = 0xb5;
	memcpy(frame + 14, &seq, sizeof(seq));
	for (size_t i = 18; i < len; i++)
		frame[i] = pattern(i, seq);
}

bool nic_frame_is(const uint8_t *frame, size_t len, uint32_t seq, const uint8_t *dst)
{
	uint8_t want[NIC_FRAME_MAX];

	nic_frame(want, len, seq, dst);
	return !memcmp(frame, want, len);
}

bool nic_kernel_send(const uint8_t *frame, size_t len, const struct virtio_net_hdr *hdr)
{
	struct virtio_net_hdr none = { 0 };
	struct iovec iov[] = {
		{ (void *)(hdr ? hdr : &none), NIC_HDR }, { (void *)frame, len },
	};

	return writev(nic_tap.kernel, iov, 2) == (ssize_t)(NIC_HDR + len);
}

bool nic_wire_send(struct nic *nic, const uint8_t *frame, size_t len)
{
	return send(nic->wire, frame, len, 0) == (ssize_t)len;
}

size_t nic_wire_receive(struct nic *nic, uint8_t *frame, unsigned int ms)
{
	for (unsigned int i = 0;; i++) {
		ssize_t n = recv(nic->wire, frame, NIC_FRAME_MAX, 0);

		if (n > 0)
			return (size_t)n;
		if (i == ms || nic_run(nic, 1) != -ETIME)
			return 0;
	}
}

size_t nic_kernel_receive(struct nic *nic, uint8_t *frame, unsigned int ms)
{
	uint8_t hdr[NIC_HDR];
	struct iovec iov[] = { { hdr, NIC_HDR }, { frame, NIC_FRAME_MAX } };

	for (unsigned int i = 0;; i++) {
		ssize_t n = readv(nic_tap.kernel, iov, 2);

		if (n >= NIC_HDR)
			return (size_t)n - NIC_HDR;
		if (i == ms || nic_run(nic, 1) != -ETIME)
			return 0;
	}
}
