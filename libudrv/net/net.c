// SPDX-License-Identifier: MIT
/*
 * net.c - the network class: frames between a TAP interface and a driver's
 * rings.
 *
 * Reading stops when the ring is full and goes on when the driver reports
 * room, so a slow chip makes the kernel's queue wait instead of dropping.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "net_internal.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Frames per turn of the loop: enough for one doorbell to be cheap, few enough
 * that received frames do not wait long behind them. */
#define TX_BUDGET	64
#define TICK_MS		1000

static void net_fail(struct udrv_net *net, const char *what, int ret)
{
	udrv_log(net->dev, UDRV_ERR, "interface %s: %s: %s", net->tap.name, what,
		 ret == -EBADFD ? "it was deleted" : strerror(-ret));
	udrv_loop_stop(udrv_loop(net->dev), ret);
}

/* Recovery time is measured up to here: a frame received and taken by the
 * kernel, or a frame reported as sent, whichever came first. */
static void first_io(struct udrv_net *net, const char *what)
{
	if (net->first_io)
		return;
	net->first_io = true;
	udrv_notify(net->dev, "X_UDRV_FIRST_IO=%llu", (unsigned long long)udrv_now_ns());
	udrv_log(net->dev, UDRV_DEBUG, "first frame %s", what);
}

static void tx_wait(struct udrv_net *net)
{
	if (net->polling)
		return;
	udrv_loop_poll(udrv_loop(net->dev), net->tap.fd, POLLIN, &net->poll_op);
	net->polling = true;
}

/* One frame from the kernel into buf.  0: dealt with, -EAGAIN: there is none. */
static int tx_one(struct udrv_net *net, uint8_t *buf)
{
	const struct udrv_net_ops *ops = net->ops;
	struct udrv_net_state *s = net->state;
	union {
		struct virtio_net_hdr hdr;
		uint8_t bytes[UDRV_NET_HDR_MAX];
	} u = { 0 };
	struct iovec iov[] = {
		{ &u, net->tap.hdr_len },
		{ buf, ops->max_frame + 1 },	/* the kernel cuts silently: notice */
	};
	struct udrv_net_tx tx;
	ssize_t n;

	/* Counted first: if we are killed inside readv(), the frame is dropped
	 * in the books too. */
	udrv_net_count(&s->tx_taken, 1);
	n = readv(net->tap.fd, iov, 2);
	if (n < 0) {
		int ret = errno == EINTR ? -EAGAIN : -errno;

		udrv_net_count(&s->tx_taken, (uint64_t)-1);
		return ret;
	}
	n -= net->tap.hdr_len;
	if (n < 0 || udrv_net_check_tx(&u.hdr, (size_t)n, ops->max_frame, &tx)) {
		udrv_net_count(&s->tx_dropped, 1);
		return 0;
	}
	if (tx.csum && (unsigned int)tx.csum_start + tx.csum_offset > ops->max_csum) {
		udrv_net_csum(buf, (size_t)n, &tx);
		tx.csum = false;
	}
	ops->tx_submit(net->dev, (size_t)n, &tx);
	return 0;
}

static void tx_run(struct udrv_net *net)
{
	int ret = 0, n;

	for (n = 0; n < TX_BUDGET; n++) {
		uint8_t *buf = net->ops->tx_provide(net->dev);

		net->full = !buf;
		if (!buf)
			break;
		ret = tx_one(net, buf);
		if (ret)
			break;
	}
	if (n)
		net->ops->tx_kick(net->dev);
	if (ret && ret != -EAGAIN)
		net_fail(net, "read", ret);
	else if (!net->full)
		tx_wait(net);
}

static void poll_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_net *net = container_of(op, struct udrv_net, poll_op);

	net->polling = false;
	if (!net->running)
		return;
	if (res > 0 && !(res & POLLIN))
		net_fail(net, "poll", -EBADFD);
	else if (res > 0)
		tx_run(net);
	else
		tx_wait(net);		/* cancelled by a stop before this start */
}

static void tx_room(struct udrv_net *net)
{
	if (!net->full || !net->running)
		return;
	net->full = false;
	tx_wait(net);
}

void udrv_net_tx_done(struct udrv_net *net, unsigned int frames, uint64_t bytes)
{
	if (!frames)
		return;
	udrv_net_count(&net->state->tx_sent, frames);
	udrv_net_count(&net->state->tx_bytes, bytes);
	first_io(net, "sent");
	tx_room(net);
}

void udrv_net_tx_lost(struct udrv_net *net, unsigned int frames)
{
	udrv_net_count(&net->state->tx_dropped, frames);
	tx_room(net);
}

void udrv_net_rx(struct udrv_net *net, const void *frame, size_t len, bool csum_ok)
{
	union {
		struct virtio_net_hdr hdr;
		uint8_t bytes[UDRV_NET_HDR_MAX];
	} u = { .hdr.flags = csum_ok ? VIRTIO_NET_HDR_F_DATA_VALID : 0 };
	struct iovec iov[] = {
		{ &u, net->tap.hdr_len },
		{ (void *)frame, len },
	};

	if (writev(net->tap.fd, iov, 2) < 0) {
		/* Mostly EIO, the interface is down: nobody wants it. */
		udrv_net_count(&net->state->rx_dropped, 1);
		if (errno == EBADFD)
			net_fail(net, "write", -EBADFD);
		return;
	}
	udrv_net_count(&net->state->rx_frames, 1);
	udrv_net_count(&net->state->rx_bytes, len);
	first_io(net, "received");
}

void udrv_net_carrier(struct udrv_net *net, bool up)
{
	int ret;

	if (net->carrier_known && net->carrier == up)
		return;
	ret = udrv_tap_set_carrier(&net->tap, up);
	if (ret)
		udrv_log(net->dev, UDRV_WARN, "interface %s: carrier cannot be set: %s",
			 net->tap.name, strerror(-ret));
	net->carrier = up;
	net->carrier_known = true;
	__atomic_store_n(&net->state->carrier, up, __ATOMIC_RELAXED);
	udrv_notify(net->dev, "X_UDRV_STATE=carrier=%d", up);
	udrv_log(net->dev, UDRV_INFO, "%s: link is %s", net->tap.name, up ? "up" : "down");
}

static void timer_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_net *net = container_of(op, struct udrv_net, timer_op);
	uint8_t mac[6];

	net->ticking = false;
	if (!net->running)
		return;
	/* ip link set ... address: nothing tells us, so look. */
	if (!udrv_tap_get_mac(&net->tap, mac) && memcmp(mac, net->mac, 6) != 0) {
		memcpy(net->mac, mac, 6);
		net->ops->set_mac(net->dev, mac);
	}
	if (net->ops->tick)
		net->ops->tick(net->dev);
	net->ticking = !udrv_loop_timer(udrv_loop(net->dev), TICK_MS, &net->timer_op);
}

/* The first driver of a chip names the interface after it; from then on the
 * interface's address, which its user may have changed, is the right one. */
static int agree_on_mac(struct udrv_net *net, const uint8_t chip_mac[6])
{
	struct udrv_net_state *s = net->state;
	int ret;

	if (!s->mac_valid) {
		ret = udrv_tap_set_mac(&net->tap, chip_mac);
		if (ret)
			return ret;
		memcpy(s->mac, chip_mac, 6);
		__atomic_store_n(&s->mac_valid, 1, __ATOMIC_RELEASE);
	}
	ret = udrv_tap_get_mac(&net->tap, net->mac);
	if (!ret)
		net->ops->set_mac(net->dev, net->mac);
	return ret;
}

static int option_promisc(struct udrv_net *net)
{
	const char *text = udrv_option(net->dev, "promisc");

	if (text && strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
		udrv_log(net->dev, UDRV_ERR, "promisc=%s: expected 0 or 1", text);
		return -EINVAL;
	}
	net->promisc = text && *text == '1';
	return 0;
}

static int begin(struct udrv_net *net, struct udrv_dev *dev, const struct udrv_net_ops *ops)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(dev, NULL);
	int ret;

	net->dev = dev;
	net->ops = ops;
	net->state = &cp->net;
	net->full = net->first_io = net->carrier_known = false;
	net->poll_op.done = poll_done;
	net->timer_op.done = timer_done;
	ret = option_promisc(net);
	return ret ? ret : udrv_tap_open(&net->tap, dev, ops->max_csum > 0);
}

static int go(struct udrv_net *net, const uint8_t chip_mac[6])
{
	int ret = agree_on_mac(net, chip_mac);

	if (!ret && !net->ticking) {
		ret = udrv_loop_timer(udrv_loop(net->dev), TICK_MS, &net->timer_op);
		net->ticking = !ret;
	}
	if (ret) {
		udrv_log(net->dev, UDRV_ERR, "interface %s: %s", net->tap.name, strerror(-ret));
		udrv_tap_close(&net->tap);
		return ret;
	}
	net->running = true;
	tx_wait(net);
	return 0;
}

int udrv_net_start(struct udrv_net *net, struct udrv_dev *dev,
		   const struct udrv_net_ops *ops, const uint8_t chip_mac[6])
{
	int64_t lost;
	int ret = begin(net, dev, ops);

	if (ret)
		return ret;
	lost = udrv_net_state_resume(udrv_checkpoint(dev, NULL));
	if (lost < 0)
		udrv_log(dev, UDRV_WARN, "the checkpoint held impossible counters; mended");
	else if (lost)
		udrv_log(dev, UDRV_INFO, "%lld frames were lost with the last driver",
			 (long long)lost);
	return go(net, chip_mac);
}

int udrv_net_adopt(struct udrv_net *net, struct udrv_dev *dev,
		   const struct udrv_net_ops *ops, unsigned int in_flight)
{
	int ret = begin(net, dev, ops);

	if (ret)
		return ret;
	ret = udrv_net_state_adopt(udrv_checkpoint(dev, NULL), in_flight);
	if (ret) {
		udrv_tap_close(&net->tap);
		return ret;
	}
	return go(net, net->state->mac);
}

static void log_counters(const struct udrv_net *net)
{
	const struct udrv_net_state *s = net->state;

	udrv_log(net->dev, UDRV_DEBUG,
		 "tx_taken=%llu tx_sent=%llu tx_dropped=%llu rx_frames=%llu rx_dropped=%llu rx_errors=%llu resets=%llu",
		 (unsigned long long)s->tx_taken, (unsigned long long)s->tx_sent,
		 (unsigned long long)s->tx_dropped, (unsigned long long)s->rx_frames,
		 (unsigned long long)s->rx_dropped, (unsigned long long)s->rx_errors,
		 (unsigned long long)s->resets);
}

void udrv_net_stop(struct udrv_net *net)
{
	if (!net->running)
		return;
	net->running = false;
	log_counters(net);
	if (net->polling)
		udrv_loop_cancel(udrv_loop(net->dev), &net->poll_op);
	if (net->ticking)
		udrv_loop_cancel(udrv_loop(net->dev), &net->timer_op);
	udrv_tap_close(&net->tap);
}
