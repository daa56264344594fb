// SPDX-License-Identifier: MIT
/* ring.c - descriptor rings; see ring.h. */
#include <endian.h>
#include <string.h>

#include <udrv.h>		/* barriers of udrv/mmio.h */

#include "e1000_regs.h"
#include "ring.h"

#define ETH_HEADER	14

/* One load: what was checked is what is used, even if the chip writes again. */
static uint64_t info_read(const struct e1000_desc *desc)
{
	return le64toh(__atomic_load_n(&desc->info, __ATOMIC_RELAXED));
}

static void desc_write(struct e1000_desc *desc, uint64_t addr, uint64_t info)
{
	__atomic_store_n(&desc->addr, htole64(addr), __ATOMIC_RELAXED);
	__atomic_store_n(&desc->info, htole64(info), __ATOMIC_RELAXED);
}

static unsigned int slot_of(const struct e1000_ring *ring, unsigned int pos)
{
	return pos & (ring->size - 1);
}

static uint8_t *buf_of(const struct e1000_ring *ring, unsigned int slot)
{
	return ring->buf + (size_t)slot * E1000_BUF;
}

static uint64_t iova_of(const struct e1000_ring *ring, unsigned int slot)
{
	return ring->buf_iova + (uint64_t)slot * E1000_BUF;
}

/* How far a head register is past pos, or a number larger than any ring. */
static unsigned int head_after(const struct e1000_ring *ring, uint32_t head, unsigned int pos)
{
	if (head >= ring->size)
		return ~0u;
	return (head - pos) & (ring->size - 1);
}

void e1000_tx_init(struct e1000_tx *tx, const struct e1000_ring *ring)
{
	memset(tx, 0, sizeof(*tx));
	tx->ring = *ring;
	for (unsigned int i = 0; i < ring->size; i++)
		desc_write(&ring->desc[i], 0, 0);
}

bool e1000_tx_resume(struct e1000_tx *tx, const struct e1000_tx *left)
{
	const struct e1000_ring ring = tx->ring;
	unsigned int pos = left->clean, frames = 0;

	*tx = *left;
	tx->ring = ring;
	/* The chip may know one; the next frame that needs it says it again. */
	tx->context = false;
	if (tx->next - tx->clean > ring.size - 1)
		return false;
	while (pos != tx->next) {
		unsigned int slots = tx->slot[slot_of(&ring, pos)].slots;

		if (slots < 1 || slots > 2 || slots > tx->next - pos ||
		    tx->slot[slot_of(&ring, pos)].len > E1000_BUF)
			return false;
		pos += slots;
		frames++;
	}
	return frames == tx->frames;
}

/* Room for a context and a frame, and one slot stays free: head == tail means
 * empty to the chip. */
void *e1000_tx_provide(struct e1000_tx *tx)
{
	if (tx->next - tx->clean + 2 > tx->ring.size - 1)
		return NULL;
	return buf_of(&tx->ring, slot_of(&tx->ring, tx->next));
}

/* The chip keeps the last context, so one for each connection of a kind is
 * enough: TCP over IPv4 always has the same. */
static unsigned int submit_context(struct e1000_tx *tx, unsigned int start, unsigned int offset)
{
	uint8_t tucss = (uint8_t)start, tucso = (uint8_t)(start + offset);
	unsigned int slot = slot_of(&tx->ring, tx->next);

	if (tx->context && tx->tucss == tucss && tx->tucso == tucso)
		return 0;
	tx->context = true;
	tx->tucss = tucss;
	tx->tucso = tucso;
	/* TUCSE 0: up to the end of the frame. */
	desc_write(&tx->ring.desc[slot], TXC_TUCSS(tucss) | TXC_TUCSO(tucso), TXD_DEXT);
	return 1;
}

/* The buffer belongs to the frame's first slot; with a context in front, the
 * second slot's descriptor points to it and its own buffer rests. */
void e1000_tx_submit(struct e1000_tx *tx, size_t len, bool csum, unsigned int start,
		     unsigned int offset)
{
	unsigned int first = slot_of(&tx->ring, tx->next);
	unsigned int extra = csum ? submit_context(tx, start, offset) : 0;
	unsigned int last = slot_of(&tx->ring, tx->next + extra);
	uint64_t info = TXD_LEN(len) | TXD_DTYP_DATA | TXD_DEXT | TXD_EOP | TXD_IFCS | TXD_RS;

	if (csum)
		info |= TXD_POPTS_TXSM;
	desc_write(&tx->ring.desc[last], iova_of(&tx->ring, first), info);
	tx->slot[first].len = (uint16_t)len;
	tx->slot[first].slots = (uint8_t)(1 + extra);
	tx->next += 1 + extra;
	tx->frames++;
}

unsigned int e1000_tx_reclaim(struct e1000_tx *tx)
{
	unsigned int first = slot_of(&tx->ring, tx->clean);
	unsigned int slots = tx->slot[first].slots;

	if (!tx->frames)
		return 0;
	if (!(info_read(&tx->ring.desc[slot_of(&tx->ring, tx->clean + slots - 1)]) & TXD_DD))
		return 0;
	tx->clean += slots;
	tx->frames--;
	return tx->slot[first].len;
}

unsigned int e1000_tx_tail(const struct e1000_tx *tx)
{
	return slot_of(&tx->ring, tx->next);
}

bool e1000_tx_head_ok(const struct e1000_tx *tx, uint32_t head)
{
	return head_after(&tx->ring, head, tx->clean) <= tx->next - tx->clean;
}

static void rx_provide(struct e1000_rx *rx)
{
	unsigned int slot = slot_of(&rx->ring, rx->tail);

	/* The address too: the chip could have written there. */
	desc_write(&rx->ring.desc[slot], iova_of(&rx->ring, slot), 0);
	rx->tail++;
}

void e1000_rx_init(struct e1000_rx *rx, const struct e1000_ring *ring)
{
	memset(rx, 0, sizeof(*rx));
	rx->ring = *ring;
	for (unsigned int i = 0; i < ring->size - 1; i++)
		rx_provide(rx);
	desc_write(&ring->desc[ring->size - 1], 0, 0);
}

bool e1000_rx_resume(struct e1000_rx *rx, const struct e1000_rx *left)
{
	rx->next = left->next;
	rx->tail = left->tail;
	rx->chain = false;
	return rx->tail - rx->next == rx->ring.size - 1;
}

/* Did the chip look at the TCP or UDP checksum, and find it and the one of the
 * IPv4 header right? */
static bool csum_ok(uint64_t info)
{
	return (info & (RXD_IXSM | RXD_TCPCS | RXD_TCPE)) == RXD_TCPCS &&
	       (info & (RXD_IPCS | RXD_IPE)) != (RXD_IPCS | RXD_IPE);
}

enum e1000_rx_kind e1000_rx_look(struct e1000_rx *rx, struct e1000_frame *frame)
{
	unsigned int slot = slot_of(&rx->ring, rx->next);
	uint64_t info = info_read(&rx->ring.desc[slot]);
	unsigned int len = RXD_LEN(info);
	bool rest = rx->chain;

	if (!(info & RXD_DD))
		return E1000_RX_NONE;
	/* Frames that need several buffers are longer than the chip was told
	 * to accept (LPE is off). */
	rx->chain = !(info & RXD_EOP);
	if (rest)
		return E1000_RX_REST;
	if (rx->chain || len > E1000_BUF)
		return E1000_RX_ABSURD;
	if ((info & RXD_FRAME_ERRORS) || len < ETH_HEADER)
		return E1000_RX_BAD;

	/* Orders the load of DD above before the loads of the frame. */
	udrv_dma_rmb();
	frame->data = buf_of(&rx->ring, slot);
	frame->len = len;
	frame->csum_ok = csum_ok(info);
	return E1000_RX_FRAME;
}

void e1000_rx_return(struct e1000_rx *rx)
{
	rx->next++;
	/* This gives away the slot we kept; the one just emptied is kept now,
	 * and must look untouched. */
	rx_provide(rx);
	desc_write(&rx->ring.desc[slot_of(&rx->ring, rx->tail)], 0, 0);
}

unsigned int e1000_rx_tail(const struct e1000_rx *rx)
{
	return slot_of(&rx->ring, rx->tail);
}

bool e1000_rx_head_ok(const struct e1000_rx *rx, uint32_t head)
{
	return head_after(&rx->ring, head, rx->next) <= rx->tail - rx->next;
}

bool e1000_rx_behind(const struct e1000_rx *rx, uint32_t head)
{
	uint64_t info = info_read(&rx->ring.desc[slot_of(&rx->ring, rx->next)]);

	return head_after(&rx->ring, head, rx->next) && !(info & RXD_DD);
}

bool e1000_rx_gap_ok(const struct e1000_rx *rx)
{
	return !info_read(&rx->ring.desc[slot_of(&rx->ring, rx->tail)]);
}
