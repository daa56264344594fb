// SPDX-License-Identifier: MIT
/*
 * e1000.c - Intel 8254x and 82574 as a udrv driver.
 *
 * Work is done in three places: irq() for what the chip has to say, the
 * network class's calls for frames to send, tick() once a second to look
 * whether the chip still makes sense.  If it does not, settle() resets it at
 * the end of either, when nobody is in the middle of a ring.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>

#include "e1000.h"

#define RX_BUDGET	64	/* frames in one turn of the loop */
#define RX_REFILL	16	/* slots given back before the chip is told */
#define ABSURD_MAX	16	/* descriptors in a second that nobody can explain */
#define STUCK_SECONDS	2
#define MAX_FRAME	1518	/* 1500, an Ethernet header, a VLAN tag */
#define MAX_CSUM	255	/* TUCSO has 8 bits */
#define DRAIN_NS	50000000ull	/* for what is in the rings at the end */
#define NS_PER_MINUTE	60000000000ull

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

static void trouble(struct e1000 *e, const char *why)
{
	if (!e->trouble)
		e->trouble = why;
}

static void gone(struct e1000 *e)
{
	if (e->gone)
		return;
	e->gone = true;
	udrv_log(e->dev, UDRV_ERR, "device is gone: its registers read as all ones");
	udrv_net_carrier(&e->net, false);
	udrv_loop_stop(udrv_loop(e->dev), -ENODEV);
}

static void link_check(struct e1000 *e)
{
	uint32_t status = e1000_read(e, STATUS);

	if (status == ~0u)
		gone(e);
	else
		udrv_net_carrier(&e->net, status & STATUS_LU);
}

static void rings_init(struct e1000 *e)
{
	struct e1000_ring tx, rx;

	e1000_hw_rings(e, &tx, &rx);
	e1000_tx_init(&e->tx, &tx);
	e1000_rx_init(&e->rx, &rx);
	e->absurd = e->tx_stuck = e->rx_stuck = 0;
	e->tx_clean = e->rx_next = 0;
}

/* ---- transmit -------------------------------------------------------- */

/* True if there was something. */
static bool tx_reclaim(struct e1000 *e)
{
	unsigned int frames = 0, len;
	uint64_t bytes = 0;

	while ((len = e1000_tx_reclaim(&e->tx))) {
		frames++;
		bytes += len;
	}
	udrv_net_tx_done(&e->net, frames, bytes);
	return frames;
}

static void *tx_provide(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);
	void *buf = e1000_tx_provide(&e->tx);

	if (buf)
		return buf;
	/* The interrupt that says so may be far away (ITR). */
	tx_reclaim(e);
	return e1000_tx_provide(&e->tx);
}

static void tx_submit(struct udrv_dev *dev, size_t len, const struct udrv_net_tx *tx)
{
	struct e1000 *e = udrv_priv(dev);

	e1000_tx_submit(&e->tx, len, tx->csum, tx->csum_start, tx->csum_offset);
}

/* The register write comes after the descriptors' stores (udrv/mmio.h). */
static void tx_kick(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);

	e1000_write(e, TDT, e1000_tx_tail(&e->tx));
}

/* ---- receive --------------------------------------------------------- */

static void rx_one(struct e1000 *e, enum e1000_rx_kind kind, const struct e1000_frame *f)
{
	switch (kind) {
	case E1000_RX_FRAME:
		udrv_net_rx(&e->net, f->data, f->len, f->csum_ok);
		break;
	case E1000_RX_ABSURD:
		if (++e->absurd == ABSURD_MAX)
			trouble(e, "impossible receive descriptors");
		/* fall through */
	case E1000_RX_BAD:
		udrv_net_count(&e->net.state->rx_errors, 1);
		break;
	case E1000_RX_NONE:
	case E1000_RX_REST:
		break;
	}
}

/* How many slots were dealt with; RX_BUDGET: there may be more. */
static unsigned int rx_run(struct e1000 *e)
{
	struct e1000_frame frame;
	enum e1000_rx_kind kind;
	unsigned int n;

	for (n = 0; n < RX_BUDGET && !e->trouble; n++) {
		kind = e1000_rx_look(&e->rx, &frame);
		if (kind == E1000_RX_NONE)
			break;
		rx_one(e, kind, &frame);
		e1000_rx_return(&e->rx);
		if (n % RX_REFILL == RX_REFILL - 1)
			e1000_write(e, RDT, e1000_rx_tail(&e->rx));
	}
	if (n % RX_REFILL)
		e1000_write(e, RDT, e1000_rx_tail(&e->rx));
	if (!e1000_rx_gap_ok(&e->rx))
		trouble(e, "a receive descriptor was written that was not the chip's");
	return n;
}

/* ---- misbehaviour ---------------------------------------------------- */

/* True if this reset would be one too many within a minute. */
static bool too_many_resets(struct e1000 *e)
{
	const unsigned int max = sizeof(e->reset_ns) / sizeof(e->reset_ns[0]);
	uint64_t *oldest = &e->reset_ns[e->resets % max];
	uint64_t now = udrv_now_ns();

	if (e->resets >= max && now - *oldest < NS_PER_MINUTE)
		return true;
	*oldest = now;
	e->resets++;
	return false;
}

/* The device is reset in place if it has lost our trust; the interface and
 * the process stay. */
static void settle(struct e1000 *e)
{
	unsigned int lost = e->tx.frames;
	int ret;

	if (!e->trouble || e->gone)
		return;
	if (too_many_resets(e)) {
		udrv_log(e->dev, UDRV_ERR, "hardware misbehaves: %s; %zu resets within a minute did not help",
			 e->trouble, sizeof(e->reset_ns) / sizeof(e->reset_ns[0]));
		udrv_loop_stop(udrv_loop(e->dev), -EIO);
		return;
	}
	udrv_log(e->dev, UDRV_WARN, "hardware misbehaves: %s; resetting it", e->trouble);
	e->trouble = NULL;
	udrv_net_count(&e->net.state->resets, 1);
	ret = udrv_reset(e->dev);
	rings_init(e);
	udrv_net_tx_lost(&e->net, lost);
	if (ret == -ENODEV) {
		gone(e);
	} else if (ret) {
		udrv_loop_stop(udrv_loop(e->dev), ret);
	} else {
		e1000_hw_init(e);
		e1000_hw_set_mac(e, e->net.mac);
		e1000_hw_go(e);
		link_check(e);
	}
}

/* Called for an interrupt, or because the last turn left some frames; the loop
 * serves others in between.  True if there was something. */
static bool rx_turn(struct e1000 *e)
{
	unsigned int n = rx_run(e);

	if (n == RX_BUDGET && !e->more) {
		io_uring_prep_nop(udrv_loop_sqe(udrv_loop(e->dev), &e->more_op));
		e->more = true;
	}
	return n;
}

static void more_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct e1000 *e = container_of(op, struct e1000, more_op);

	e->more = false;
	if (!e->net.running || e->gone)
		return;
	rx_turn(e);
	settle(e);
}

static void irq(struct udrv_dev *dev, unsigned int vec)
{
	struct e1000 *e = udrv_priv(dev);
	uint32_t icr = e1000_read(e, ICR);

	e->irq_seen = true;
	if (e->gone)
		return;
	if (icr == ~0u) {
		link_check(e);		/* STATUS is never all ones on a live chip */
		return;
	}
	if (icr & INT_LSC)
		link_check(e);
	if (icr & (INT_RXT0 | INT_RXDMT0 | INT_RXO))
		rx_turn(e);
	tx_reclaim(e);
	settle(e);
}

/* Frames for which neither ring nor FIFO had room.  The chip forgets the number
 * in a reset, so it is asked once a second. */
static void count_missed(struct e1000 *e)
{
	uint32_t missed = e1000_read(e, MPC), again;

	if (!missed || missed == ~0u)
		return;
	again = e1000_read(e, MPC);
	if (again >= missed) {
		/* QEMU only: its e1000 does not clear MPC when it is read. */
		missed = again - (again >= e->missed ? e->missed : 0);
		e->missed = again;
	}
	udrv_net_count(&e->net.state->rx_dropped, missed);
}

/* The same position as a second ago although there is work: count. */
static bool stuck(unsigned int *seconds, unsigned int *last, unsigned int now, bool work)
{
	bool moved = *last != now;

	*last = now;
	*seconds = work && !moved ? *seconds + 1 : 0;
	return *seconds >= STUCK_SECONDS;
}

/* Work found here should have been announced.  Its cause stays set until ICR
 * is read, so if no interrupt follows within a second, none will. */
static void interrupts_check(struct e1000 *e, bool work)
{
	e->irq_owed = work && !e->irq_seen ? e->irq_owed + 1 : 0;
	e->irq_seen = false;
	if (e->irq_owed < 2)
		return;
	e->irq_owed = 0;
	trouble(e, "interrupts get lost");
	/* It may be masked for ever, wherever that went wrong: open it anew. */
	udrv_irq_disable(e->dev, 0);
	if (udrv_irq_enable(e->dev, 0, irq))
		udrv_loop_stop(udrv_loop(e->dev), -EIO);
}

/* Frames are looked for here too: a lost interrupt costs a second, no more. */
static void tick(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);
	uint32_t tdh, rdh;
	bool work;

	if (e->gone)
		return;
	link_check(e);
	tdh = e1000_read(e, TDH);
	rdh = e1000_read(e, RDH);
	if (e->gone)
		return;
	if (!e1000_tx_head_ok(&e->tx, tdh))
		trouble(e, "TDH is outside of what was queued");
	if (!e1000_rx_head_ok(&e->rx, rdh))
		trouble(e, "RDH is outside of what was provided");
	count_missed(e);
	work = tx_reclaim(e);
	work |= rx_turn(e);
	interrupts_check(e, work);
	if (stuck(&e->tx_stuck, &e->tx_clean, e->tx.clean, e->tx.frames && e->net.carrier))
		trouble(e, "the transmitter hangs");
	if (stuck(&e->rx_stuck, &e->rx_next, e->rx.next, e1000_rx_behind(&e->rx, rdh)))
		trouble(e, "the receiver skips descriptors");
	e->absurd = 0;
	settle(e);
}

/* ---- life ------------------------------------------------------------ */

static void set_mac(struct udrv_dev *dev, const uint8_t mac[6])
{
	e1000_hw_set_mac(udrv_priv(dev), mac);
}

static const struct udrv_net_ops net_ops = {
	.max_frame = MAX_FRAME,
	.max_csum = MAX_CSUM,
	.tx_provide = tx_provide,
	.tx_submit = tx_submit,
	.tx_kick = tx_kick,
	.set_mac = set_mac,
	.tick = tick,
};

static int attach(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);

	e->dev = dev;
	e->chip = e1000_chip_find(udrv_id(dev).device);
	return udrv_bar_map(dev, 0, &e->regs);
}

static int reset(struct udrv_dev *dev)
{
	int ret = attach(dev);

	return ret ? ret : e1000_hw_reset(udrv_priv(dev));
}

/* What start and adopt begin with; the memory holds what the last driver left. */
static int prepare(struct e1000 *e)
{
	int ret;

	e->more_op.done = more_done;
	e->gone = false;
	e->trouble = NULL;
	e->irq_owed = 0;
	ret = e1000_hw_option_itr(e);
	if (!ret)
		ret = udrv_dma_alloc_dirty(e->dev, 2 * E1000_SLOTS * sizeof(struct e1000_desc),
					   &e->desc);
	if (!ret)
		ret = udrv_dma_alloc_dirty(e->dev, (size_t)2 * E1000_SLOTS * E1000_BUF, &e->buf);
	return ret;
}

/* The frames' way is open already. */
static int irq_on(struct e1000 *e)
{
	int ret = udrv_irq_enable(e->dev, 0, irq);

	if (ret)
		udrv_net_stop(&e->net);
	return ret;
}

static int start(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);
	uint8_t mac[6];
	int ret = prepare(e);

	if (!ret)
		ret = e1000_hw_chip_mac(e, mac);
	if (ret)
		return ret;

	rings_init(e);
	e1000_hw_init(e);
	e->missed = e1000_read(e, MPC);	/* what was missed before us */
	ret = udrv_net_start(&e->net, dev, &net_ops, mac);
	if (!ret)
		ret = irq_on(e);
	if (ret)
		return ret;
	e1000_hw_go(e);
	link_check(e);
	return 0;
}

/*
 * What is in the rings belongs to somebody: received frames go to the kernel, and
 * those under way are sent, unless the chip takes too long.  A full ring of 256
 * frames is 3 ms at 1 Gbit/s and 31 ms at 100 Mbit/s.
 */
static void drain(struct e1000 *e)
{
	uint64_t end = udrv_now_ns() + DRAIN_NS;

	e1000_hw_deaf(e);
	while (rx_run(e) == RX_BUDGET && !e->trouble && udrv_now_ns() < end)
		;
	do
		tx_reclaim(e);
	while (e->tx.frames && e->net.carrier && udrv_now_ns() < end);
}

static void stop(struct udrv_dev *dev)
{
	struct e1000 *e = udrv_priv(dev);

	count_missed(e);
	if (!e->gone && !e->trouble)
		drain(e);
	/* Its answer does not matter: bus mastering is off even so. */
	udrv_reset(dev);
	tx_reclaim(e);
	udrv_net_tx_lost(&e->net, e->tx.frames);
	udrv_net_stop(&e->net);
}

/* Frames that wait in the rings are the heir's. */
static int handover(struct udrv_dev *dev, void *state, size_t size)
{
	struct e1000 *e = udrv_priv(dev);
	int ret;

	if (!e->gone && !e->trouble)
		rx_run(e);
	if (e->gone || e->trouble)
		return -EIO;
	tx_reclaim(e);
	ret = e1000_save(e, state, size);
	if (ret > 0)
		udrv_net_stop(&e->net);
	return ret;
}

static int adopt(struct udrv_dev *dev, const void *state, size_t len)
{
	struct e1000 *e = udrv_priv(dev);
	int ret = attach(dev);

	if (!ret)
		ret = prepare(e);
	if (ret)
		return ret;
	e1000_hw_rings(e, &e->tx.ring, &e->rx.ring);
	ret = e1000_restore(e, state, len);
	if (!ret)
		ret = udrv_net_adopt(&e->net, dev, &net_ops, e->tx.frames);
	if (!ret)
		ret = irq_on(e);
	if (ret)
		return ret;
	link_check(e);
	/* Whatever was announced while nobody listened. */
	irq(dev, 0);
	rx_turn(e);
	tx_reclaim(e);
	return e->gone ? -ENODEV : 0;
}

static const struct udrv_id ids[] = {
	{ 0x8086, 0x100e }, { 0x8086, 0x100f }, { 0x8086, 0x10d3 }, { 0, 0 }
};

const struct udrv_driver e1000_driver = {
	.name = "e1000",
	.ids = ids,
	.regs = e1000_names,
	.priv_size = sizeof(struct e1000),
	.dma_size = 2 * E1000_SLOTS * (sizeof(struct e1000_desc) + E1000_BUF),
	.reset = reset,
	.start = start,
	.stop = stop,
	.layout = E1000_LAYOUT,
	.handover = handover,
	.adopt = adopt,
};
