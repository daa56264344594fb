// SPDX-License-Identifier: MIT
/* handover.c - what the next program must know to go on with a chip that runs. */
#include <errno.h>
#include <string.h>

#include "e1000.h"

/* E1000_LAYOUT names it: a change here needs another name there. */
struct e1000_state {
	uint64_t desc, buf;		/* as the chip sees them */
	uint32_t slots, buf_size;
	uint32_t missed, reserved;
	struct e1000_tx tx;
	struct e1000_rx rx;
};
_Static_assert(sizeof(struct e1000_state) == 1152, "another layout needs another E1000_LAYOUT");

int e1000_save(const struct e1000 *e, void *state, size_t size)
{
	struct e1000_state s = {
		.desc = e->desc.iova, .buf = e->buf.iova,
		.slots = E1000_SLOTS, .buf_size = E1000_BUF,
		.missed = e->missed, .tx = e->tx, .rx = e->rx,
	};

	if (size < sizeof(s))
		return -ENOSPC;
	/* Addresses in our own memory are nothing to anybody else. */
	s.tx.ring = s.rx.ring = (struct e1000_ring){ 0 };
	memcpy(state, &s, sizeof(s));
	return (int)sizeof(s);
}

/* The same memory, and the same place in it for each of us? */
static bool chip_agrees(const struct e1000 *e)
{
	uint64_t rx = e->desc.iova + E1000_SLOTS * sizeof(struct e1000_desc);

	return e1000_read(e, TDBAL) == (uint32_t)e->desc.iova &&
	       e1000_read(e, TDBAH) == (uint32_t)(e->desc.iova >> 32) &&
	       e1000_read(e, RDBAL) == (uint32_t)rx && e1000_read(e, RDBAH) == (uint32_t)(rx >> 32) &&
	       e1000_read(e, TDLEN) == E1000_SLOTS * sizeof(struct e1000_desc) &&
	       e1000_read(e, RDLEN) == E1000_SLOTS * sizeof(struct e1000_desc) &&
	       e1000_read(e, TDT) == e1000_tx_tail(&e->tx) &&
	       e1000_read(e, RDT) == e1000_rx_tail(&e->rx) &&
	       e1000_tx_head_ok(&e->tx, e1000_read(e, TDH)) &&
	       e1000_rx_head_ok(&e->rx, e1000_read(e, RDH)) &&
	       e1000_read(e, RCTL) & RCTL_EN && e1000_read(e, TCTL) & TCTL_EN;
}

int e1000_restore(struct e1000 *e, const void *state, size_t len)
{
	const struct e1000_state *s = state;

	if (len != sizeof(*s) || s->slots != E1000_SLOTS || s->buf_size != E1000_BUF ||
	    s->desc != e->desc.iova || s->buf != e->buf.iova)
		return -EPROTO;
	e->missed = s->missed;
	if (!e1000_tx_resume(&e->tx, &s->tx) || !e1000_rx_resume(&e->rx, &s->rx))
		return -EPROTO;
	return chip_agrees(e) ? 0 : -ESTALE;
}
