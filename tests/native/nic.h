/* SPDX-License-Identifier: MIT */
/*
 * nic.h - a network driver between two sockets: on one side QEMU's model sends
 * to and receives from a "wire", on the other the network class does so to a
 * "kernel", which stands for the TAP interface.
 */
#ifndef TESTS_NATIVE_NIC_H
#define TESTS_NATIVE_NIC_H

#include <linux/virtio_net.h>
#include <udrv/net.h>

#include "help.h"

#define NIC_HDR		10	/* vnet header of the TAP interface */
#define NIC_FRAME_MAX	9216

/* The TAP interface; nic_tap.c has udrv_tap_*() of its own. */
struct nic_tap {
	int driver, kernel;		/* the two ends */
	uint8_t mac[6];
	bool carrier;
};
extern struct nic_tap nic_tap;

struct nic {
	struct qemu qemu;
	struct udrv_dev *dev;		/* NULL: none started */
	int wire;
	int status;			/* of the loop, once it has ended by itself */
};

extern const uint8_t nic_mac[6];	/* of the chip */

/* A QEMU with this model ("e1000", properties follow) and both sockets. */
void nic_begin(struct nic *nic, const char *model, size_t dma_size);
void nic_end(struct nic *nic);
/* The driver comes up on it; 0 or what udrv_open() or udrv_start() said. */
int nic_open(struct nic *nic, const struct udrv_driver *drv);
int nic_start(struct nic *nic);
int nic_up(struct nic *nic, const struct udrv_driver *drv);	/* both */
void nic_down(struct nic *nic);
struct udrv_net_state *nic_state(struct nic *nic);

/* Let the driver work for so long; -ETIME: it still does. */
int nic_run(struct nic *nic, unsigned int ms);

/* Frame number seq of len bytes from somebody to nic_mac (or dst): its content
 * depends on all of it.  len >= 18. */
void nic_frame(uint8_t *frame, size_t len, uint32_t seq, const uint8_t *dst);
bool nic_frame_is(const uint8_t *frame, size_t len, uint32_t seq, const uint8_t *dst);

/* false: would block. */
bool nic_kernel_send(const uint8_t *frame, size_t len, const struct virtio_net_hdr *hdr);
bool nic_wire_send(struct nic *nic, const uint8_t *frame, size_t len);
/* The next frame, waiting for it while the driver works; its length, or 0 if
 * none came within ms. */
size_t nic_wire_receive(struct nic *nic, uint8_t *frame, unsigned int ms);
size_t nic_kernel_receive(struct nic *nic, uint8_t *frame, unsigned int ms);

#endif /* TESTS_NATIVE_NIC_H */
