// SPDX-License-Identifier: MIT
/*
 * The network class as a whole.  The TAP interface is replaced: this file brings its own
 * udrv_tap_*(), and the frames come from a datagram socket, which behaves like
 * a TAP descriptor (one frame a call, cut silently, EAGAIN).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../libudrv/net/net_internal.h"
#include "../../libudrv/src/internal.h"

#define HDR	10
#define MAX	1518
#define RING	4

static const uint8_t chip_mac[6] = { 0x52, 0x54, 0, 0, 0, 4 };
static const uint8_t user_mac[6] = { 0x02, 1, 2, 3, 4, 5 };

/* ---- the interface, made of memory and a socket ---- */

static struct {
	int driver, kernel;		/* the two ends */
	uint8_t mac[6];
	int carrier;			/* -1: never set */
	bool csum, closed;
} tap;

int udrv_tap_open(struct udrv_tap *t, struct udrv_dev *dev, bool csum)
{
	t->fd = tap.driver;
	t->hdr_len = HDR;
	strcpy(t->name, "test0");
	tap.csum = csum;
	return 0;
}

void udrv_tap_close(struct udrv_tap *t)
{
	tap.closed = true;
}

int udrv_tap_get_mac(const struct udrv_tap *t, uint8_t mac[6])
{
	memcpy(mac, tap.mac, 6);
	return 0;
}

int udrv_tap_set_mac(const struct udrv_tap *t, const uint8_t mac[6])
{
	memcpy(tap.mac, mac, 6);
	return 0;
}

int udrv_tap_set_carrier(const struct udrv_tap *t, bool up)
{
	tap.carrier = up;
	return 0;
}

/* The kernel sends a frame of len bytes. */
static void kernel_sends(size_t len, const struct virtio_net_hdr *hdr)
{
	static uint8_t frame[10000] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct virtio_net_hdr none = { 0 };
	struct iovec iov[] = { { (void *)(hdr ? hdr : &none), HDR }, { frame, len } };

	assert_int_equal(writev(tap.kernel, iov, 2), HDR + len);
}

static ssize_t kernel_gets(uint8_t *hdr, uint8_t *frame)
{
	struct iovec iov[] = { { hdr, HDR }, { frame, 4096 } };
	ssize_t n = readv(tap.kernel, iov, 2);

	return n < 0 ? -errno : n - HDR;
}

/* ---- a driver with a ring of four frames ---- */

static struct {
	uint8_t buf[MAX + 1];
	unsigned int queued, provides, kicks, ticks, macs;
	uint8_t mac[6];
	size_t len;
	struct udrv_net_tx tx;
} drv;

static void *tx_provide(struct udrv_dev *dev)
{
	drv.provides++;
	return drv.queued < RING ? drv.buf : NULL;
}

static void tx_submit(struct udrv_dev *dev, size_t len, const struct udrv_net_tx *tx)
{
	drv.queued++;
	drv.len = len;
	drv.tx = *tx;
}

static void tx_kick(struct udrv_dev *dev)
{
	drv.kicks++;
}

static void set_mac(struct udrv_dev *dev, const uint8_t mac[6])
{
	memcpy(drv.mac, mac, 6);
	drv.macs++;
}

static void tick(struct udrv_dev *dev)
{
	drv.ticks++;
}

static const struct udrv_net_ops ops = {
	.max_frame = MAX, .max_csum = 255, .tx_provide = tx_provide, .tx_submit = tx_submit,
	.tx_kick = tx_kick, .set_mac = set_mac, .tick = tick,
};

/* ---- one device for each test ---- */

struct world {
	struct udrv_driver driver;
	struct udrv_dev dev;
	struct udrv_checkpoint cp;
	struct udrv_net net;
};

static int setup(void **state)
{
	struct world *w;
	int fds[2];

	memset(&tap, 0, sizeof(tap));
	memset(&drv, 0, sizeof(drv));
	tap.carrier = -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds))
		return -1;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -1;
	tap.driver = fds[0];
	tap.kernel = fds[1];
	w->driver.name = "test";
	w->dev.drv = &w->driver;
	w->dev.checkpoint = &w->cp;
	w->dev.notify.fd = -1;
	w->cp.magic = UDRV_CHECKPOINT_MAGIC;
	*state = w;
	return udrv_loop_init(&w->dev.loop);
}

static int teardown(void **state)
{
	struct world *w = *state;

	udrv_net_stop(&w->net);
	udrv_loop_exit(&w->dev.loop);
	close(tap.driver);
	close(tap.kernel);
	free(w);
	return 0;
}

static void start(struct world *w)
{
	assert_int_equal(udrv_net_start(&w->net, &w->dev, &ops, chip_mac), 0);
}

static void run(struct world *w)
{
	assert_int_equal(udrv_loop_run_for(&w->dev.loop, 30), -ETIME);
}

/* Whatever happens, the books balance. */
static void balanced(struct world *w, uint64_t taken, uint64_t sent, uint64_t dropped)
{
	assert_int_equal(w->cp.net.tx_taken, taken);
	assert_int_equal(w->cp.net.tx_sent, sent);
	assert_int_equal(w->cp.net.tx_dropped, dropped);
	assert_int_equal(taken, sent + dropped + drv.queued);
}

/* ---- transmit ---- */

static void sends_what_the_kernel_gives(void **state)
{
	struct world *w = *state;

	start(w);
	kernel_sends(60, NULL);
	kernel_sends(14, NULL);
	run(w);
	assert_int_equal(drv.queued, 2);
	assert_int_equal(drv.len, 14);
	assert_int_equal(drv.kicks, 1);
	balanced(w, 2, 0, 0);
	drv.queued = 0;
	udrv_net_tx_done(&w->net, 2, 74);
	balanced(w, 2, 2, 0);
	assert_int_equal(w->cp.net.tx_bytes, 74);
	assert_true(tap.csum);
}

static void waits_while_the_ring_is_full(void **state)
{
	struct world *w = *state;

	start(w);
	for (int i = 0; i < RING + 2; i++)
		kernel_sends(60, NULL);
	run(w);
	balanced(w, RING, 0, 0);
	assert_int_equal(drv.provides, RING + 1);
	run(w);
	assert_int_equal(drv.provides, RING + 1);	/* it waits, it does not spin */
	drv.queued = 0;
	udrv_net_tx_done(&w->net, RING, 240);
	run(w);
	balanced(w, RING + 2, RING, 0);
	/* A reset makes room as well. */
	kernel_sends(60, NULL);
	kernel_sends(60, NULL);
	kernel_sends(60, NULL);
	run(w);
	balanced(w, RING + 4, RING, 0);
	drv.queued = 0;
	udrv_net_tx_lost(&w->net, RING);
	run(w);
	balanced(w, RING + 5, RING, RING);
}

static void drops_and_counts_what_cannot_be_sent(void **state)
{
	struct virtio_net_hdr gso = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1400 };
	struct virtio_net_hdr far = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 59, .csum_offset = 0,
	};
	struct world *w = *state;

	start(w);
	kernel_sends(13, NULL);
	kernel_sends(0, NULL);
	kernel_sends(MAX + 1, NULL);
	kernel_sends(9000, NULL);
	kernel_sends(1000, &gso);
	kernel_sends(60, &far);
	assert_int_equal(write(tap.kernel, "short", 5), 5);
	run(w);
	assert_int_equal(drv.queued, 0);
	balanced(w, 7, 0, 7);
	kernel_sends(MAX, NULL);
	run(w);
	assert_int_equal(drv.len, MAX);
	balanced(w, 8, 0, 7);
}

/* The chip reaches the first 255 bytes; what lies beyond is summed here. */
static void offloads_what_the_chip_can(void **state)
{
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 239, .csum_offset = 16,
	};
	struct world *w = *state;

	start(w);
	kernel_sends(400, &hdr);
	run(w);
	assert_true(drv.tx.csum);
	assert_int_equal(drv.tx.csum_start + drv.tx.csum_offset, 255);
	assert_int_equal(drv.buf[255] << 8 | drv.buf[256], 0);
	hdr.csum_start = 240;
	kernel_sends(400, &hdr);
	run(w);
	assert_false(drv.tx.csum);
	assert_int_equal(drv.buf[256] << 8 | drv.buf[257], 0xffff);
	balanced(w, 2, 0, 0);
}

/* ---- receive ---- */

static void hands_frames_to_the_kernel(void **state)
{
	uint8_t in[60] = { 1, 2, 3 }, out[4096], hdr[HDR];
	struct world *w = *state;

	start(w);
	udrv_net_rx(&w->net, in, 60, false);
	assert_int_equal(kernel_gets(hdr, out), 60);
	assert_memory_equal(in, out, 60);
	assert_int_equal(hdr[0], 0);
	udrv_net_rx(&w->net, in, 60, true);
	assert_int_equal(kernel_gets(hdr, out), 60);
	assert_int_equal(hdr[0], VIRTIO_NET_HDR_F_DATA_VALID);
	assert_int_equal(w->cp.net.rx_frames, 2);
	assert_int_equal(w->cp.net.rx_bytes, 120);
	assert_int_equal(w->cp.net.rx_dropped, 0);
}

/* Nobody reads: the socket fills up, and the rest is counted. */
static void counts_what_the_kernel_refuses(void **state)
{
	uint8_t frame[1000] = { 0 };
	struct world *w = *state;

	start(w);
	for (int i = 0; i < 2000; i++)
		udrv_net_rx(&w->net, frame, sizeof(frame), false);
	assert_true(w->cp.net.rx_dropped > 0);
	assert_true(w->cp.net.rx_frames > 0);
	assert_int_equal(w->cp.net.rx_frames + w->cp.net.rx_dropped, 2000);
}

/* ---- address and carrier ---- */

static void first_start_names_the_interface(void **state)
{
	struct world *w = *state;

	memcpy(tap.mac, user_mac, 6);
	start(w);
	assert_memory_equal(tap.mac, chip_mac, 6);
	assert_memory_equal(drv.mac, chip_mac, 6);
	assert_memory_equal(w->cp.net.mac, chip_mac, 6);
	assert_int_equal(w->cp.net.mac_valid, 1);
	assert_int_equal(w->cp.class, UDRV_CLASS_NET);
}

static void later_starts_follow_the_interface(void **state)
{
	struct world *w = *state;

	w->cp.class = UDRV_CLASS_NET;
	w->cp.net.mac_valid = 1;
	memcpy(w->cp.net.mac, chip_mac, 6);
	memcpy(tap.mac, user_mac, 6);
	start(w);
	assert_memory_equal(tap.mac, user_mac, 6);
	assert_memory_equal(drv.mac, user_mac, 6);
	assert_memory_equal(w->cp.net.mac, chip_mac, 6);
}

static void notices_a_new_address(void **state)
{
	struct world *w = *state;

	start(w);
	memcpy(tap.mac, user_mac, 6);
	assert_int_equal(udrv_loop_run_for(&w->dev.loop, 2500), -ETIME);
	assert_memory_equal(drv.mac, user_mac, 6);
	assert_int_equal(drv.macs, 2);
	assert_int_equal(drv.ticks, 2);
}

static void carrier_is_set_once(void **state)
{
	struct world *w = *state;

	start(w);
	assert_int_equal(tap.carrier, -1);
	udrv_net_carrier(&w->net, false);
	assert_int_equal(tap.carrier, 0);
	udrv_net_carrier(&w->net, true);
	assert_int_equal(tap.carrier, 1);
	assert_int_equal(w->cp.net.carrier, 1);
	tap.carrier = -1;
	udrv_net_carrier(&w->net, true);
	assert_int_equal(tap.carrier, -1);
}

static void options(void **state)
{
	struct world *w = *state;

	w->dev.options[0] = "promisc=yes";
	assert_int_equal(udrv_net_start(&w->net, &w->dev, &ops, chip_mac), -EINVAL);
	w->dev.options[0] = "promisc=1";
	start(w);
	assert_true(w->net.promisc);
}

/* ---- life ---- */

static void a_successor_counts_what_was_lost(void **state)
{
	struct world *w = *state;

	start(w);
	for (int i = 0; i < 3; i++)
		kernel_sends(60, NULL);
	run(w);
	balanced(w, 3, 0, 0);
	udrv_net_stop(&w->net);			/* as if it had died */
	drv.queued = 0;
	start(w);
	balanced(w, 3, 0, 3);
	assert_true(tap.closed);
}

/* Stop and start again while the old poll and timer are still in flight. */
static void starts_again(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		start(w);
		kernel_sends(60, NULL);
		udrv_net_stop(&w->net);
		start(w);
		run(w);
		balanced(w, (uint64_t)i + 1, (uint64_t)i, 0);
		drv.queued = 0;
		udrv_net_tx_done(&w->net, 1, 60);
		udrv_net_stop(&w->net);
	}
	run(w);
	assert_false(w->net.polling);
	assert_false(w->net.ticking);
}

#define WITH_WORLD(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(sends_what_the_kernel_gives),
		WITH_WORLD(waits_while_the_ring_is_full),
		WITH_WORLD(drops_and_counts_what_cannot_be_sent),
		WITH_WORLD(offloads_what_the_chip_can),
		WITH_WORLD(hands_frames_to_the_kernel),
		WITH_WORLD(counts_what_the_kernel_refuses),
		WITH_WORLD(first_start_names_the_interface),
		WITH_WORLD(later_starts_follow_the_interface),
		WITH_WORLD(notices_a_new_address),
		WITH_WORLD(carrier_is_set_once),
		WITH_WORLD(options),
		WITH_WORLD(a_successor_counts_what_was_lost),
		WITH_WORLD(starts_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
