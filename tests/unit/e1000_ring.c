// SPDX-License-Identifier: MIT
/*
 * The e1000's rings: against a chip that works (a few lines of model), and
 * against one that writes anything anywhere into the memory it shares with us.
 */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/e1000/e1000_regs.h"
#include "../../drivers/e1000/ring.h"

#define IOVA		0x7f0000000ull
#define FUZZ_ROUNDS	100000

/* A ring in memory of exactly its size, so that ASan sees each step beyond. */
static struct e1000_ring new_ring(unsigned int size)
{
	struct e1000_ring ring = {
		.desc = malloc(size * sizeof(struct e1000_desc)),
		.buf = malloc((size_t)size * E1000_BUF),
		.buf_iova = IOVA, .size = size,
	};

	assert_non_null(ring.desc);
	assert_non_null(ring.buf);
	memset(ring.buf, 0, (size_t)size * E1000_BUF);
	return ring;
}

static void free_ring(struct e1000_ring *ring)
{
	free(ring->desc);
	free(ring->buf);
}

static void chip_done(struct e1000_ring *ring, unsigned int slot)
{
	ring->desc[slot].info |= htole64(TXD_DD);
}

static void chip_receives(struct e1000_ring *ring, unsigned int slot, uint64_t info)
{
	ring->desc[slot].info = htole64(info | RXD_DD);
}

/* ---- transmit ---- */

static void tx_writes_a_frame(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_tx tx;

	e1000_tx_init(&tx, &ring);
	assert_ptr_equal(e1000_tx_provide(&tx), ring.buf);
	assert_ptr_equal(e1000_tx_provide(&tx), ring.buf);	/* the same until submitted */
	e1000_tx_submit(&tx, 60, false, 0, 0);
	assert_int_equal(e1000_tx_tail(&tx), 1);
	assert_int_equal(le64toh(ring.desc[0].addr), IOVA);
	assert_int_equal(le64toh(ring.desc[0].info),
			 60 | TXD_DTYP_DATA | TXD_DEXT | TXD_EOP | TXD_IFCS | TXD_RS);
	assert_int_equal(e1000_tx_reclaim(&tx), 0);
	chip_done(&ring, 0);
	assert_int_equal(e1000_tx_reclaim(&tx), 60);
	assert_int_equal(e1000_tx_reclaim(&tx), 0);
	assert_ptr_equal(e1000_tx_provide(&tx), ring.buf + E1000_BUF);
	free_ring(&ring);
}

static void tx_context_is_written_once(void **state)
{
	struct e1000_ring ring = new_ring(16);
	struct e1000_tx tx;

	e1000_tx_init(&tx, &ring);
	e1000_tx_submit(&tx, 100, true, 34, 16);		/* context and data */
	assert_int_equal(e1000_tx_tail(&tx), 2);
	assert_int_equal(le64toh(ring.desc[0].addr), TXC_TUCSS(34) | TXC_TUCSO(50));
	assert_int_equal(le64toh(ring.desc[0].info), TXD_DEXT);
	assert_int_equal(le64toh(ring.desc[1].addr), IOVA);	/* slot 0's buffer */
	assert_true(le64toh(ring.desc[1].info) & TXD_POPTS_TXSM);

	e1000_tx_submit(&tx, 101, true, 34, 16);		/* the chip knows it */
	assert_int_equal(e1000_tx_tail(&tx), 3);
	e1000_tx_submit(&tx, 102, false, 0, 0);			/* needs none */
	assert_int_equal(e1000_tx_tail(&tx), 4);
	assert_false(le64toh(ring.desc[3].info) & TXD_POPTS_TXSM);
	e1000_tx_submit(&tx, 103, true, 34, 6);			/* another one: UDP */
	assert_int_equal(e1000_tx_tail(&tx), 6);

	chip_done(&ring, 0);			/* a context's DD says nothing */
	assert_int_equal(e1000_tx_reclaim(&tx), 0);
	chip_done(&ring, 1);
	assert_int_equal(e1000_tx_reclaim(&tx), 100);
	chip_done(&ring, 3);			/* frames leave in order */
	assert_int_equal(e1000_tx_reclaim(&tx), 0);
	free_ring(&ring);
}

static void tx_full_leaves_a_gap(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_tx tx;
	unsigned int n = 0;

	e1000_tx_init(&tx, &ring);
	while (e1000_tx_provide(&tx)) {
		e1000_tx_submit(&tx, 60, false, 0, 0);
		assert_true(++n < 8);
	}
	assert_int_equal(n, 6);			/* room for a context and a gap */
	assert_int_equal(tx.frames, 6);
	chip_done(&ring, 0);
	assert_int_equal(e1000_tx_reclaim(&tx), 60);
	assert_non_null(e1000_tx_provide(&tx));
	free_ring(&ring);
}

/* A chip that works, at its own pace: frames leave whole, in order, once. */
static void tx_keeps_order_over_wraps(void **state)
{
	struct e1000_ring ring = new_ring(16);
	unsigned int head = 0, sent = 0, seen = 0, back = 0, slot;
	struct e1000_tx tx;
	uint64_t info;
	uint8_t *buf;

	e1000_tx_init(&tx, &ring);
	/* Positions run over the end of unsigned int, too. */
	tx.next = tx.clean = ~0u - 47;
	srandom(1);
	while (back < 5000) {
		if (random() % 2 && (buf = e1000_tx_provide(&tx))) {
			memcpy(buf, &sent, sizeof(sent));
			e1000_tx_submit(&tx, 60 + sent % 1000, random() % 3, 34,
					random() % 2 ? 6 : 16);
			sent++;
		}
		if (random() % 2 && head != e1000_tx_tail(&tx)) {
			slot = head++ % 16;
			head %= 16;
			info = le64toh(ring.desc[slot].info);
			if (info & TXD_DTYP_DATA) {
				assert_memory_equal(ring.buf + (le64toh(ring.desc[slot].addr) - IOVA),
						    &seen, sizeof(seen));
				seen++;
			}
			chip_done(&ring, slot);
		}
		assert_true(e1000_tx_head_ok(&tx, head));
		if (random() % 3 == 0 && (slot = e1000_tx_reclaim(&tx)))
			assert_int_equal(slot, 60 + back++ % 1000);
	}
	assert_int_equal(tx.frames, sent - back);
	free_ring(&ring);
}

static void tx_head_out_of_range(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_tx tx;

	e1000_tx_init(&tx, &ring);
	tx.next = tx.clean = 6;
	assert_true(e1000_tx_head_ok(&tx, 6));
	assert_false(e1000_tx_head_ok(&tx, 7));		/* nothing was queued */
	e1000_tx_submit(&tx, 60, false, 0, 0);
	e1000_tx_submit(&tx, 60, false, 0, 0);
	e1000_tx_submit(&tx, 60, false, 0, 0);		/* 6, 7, 0 */
	assert_true(e1000_tx_head_ok(&tx, 1));
	assert_false(e1000_tx_head_ok(&tx, 2));
	assert_false(e1000_tx_head_ok(&tx, 5));
	assert_false(e1000_tx_head_ok(&tx, 8));
	assert_false(e1000_tx_head_ok(&tx, 0xffffffff));
	free_ring(&ring);
}

/* ---- receive ---- */

static void rx_gives_frames_and_provides_again(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_frame f;
	struct e1000_rx rx;

	e1000_rx_init(&rx, &ring);
	assert_int_equal(e1000_rx_tail(&rx), 7);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_NONE);
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int slot = i % 8;

		assert_int_equal(le64toh(ring.desc[slot].addr), IOVA + slot * E1000_BUF);
		chip_receives(&ring, slot, RXD_EOP | (14 + i));
		assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_FRAME);
		assert_ptr_equal(f.data, ring.buf + slot * E1000_BUF);
		assert_int_equal(f.len, 14 + i);
		e1000_rx_return(&rx);
		assert_int_equal(e1000_rx_tail(&rx), slot);
		assert_true(e1000_rx_gap_ok(&rx));
		assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_NONE);
	}
	free_ring(&ring);
}

static void rx_judges(void **state)
{
	static const struct {
		uint64_t info;
		enum e1000_rx_kind kind;
		bool csum_ok;
	} cases[] = {
		{ RXD_EOP | 60, E1000_RX_FRAME, false },
		{ RXD_EOP | 14, E1000_RX_FRAME, false },
		{ RXD_EOP | E1000_BUF, E1000_RX_FRAME, false },
		{ RXD_EOP | 13, E1000_RX_BAD, false },
		{ RXD_EOP | 0, E1000_RX_BAD, false },
		{ RXD_EOP | (E1000_BUF + 1), E1000_RX_ABSURD, false },
		{ RXD_EOP | 0xffff, E1000_RX_ABSURD, false },
		{ RXD_EOP | RXD_CE | 60, E1000_RX_BAD, false },
		{ RXD_EOP | RXD_SE | 60, E1000_RX_BAD, false },
		{ RXD_EOP | RXD_SEQ | 60, E1000_RX_BAD, false },
		{ RXD_EOP | RXD_CXE | 60, E1000_RX_BAD, false },
		{ RXD_EOP | RXD_RXE | 60, E1000_RX_BAD, false },
		{ RXD_EOP | RXD_TCPCS | 60, E1000_RX_FRAME, true },
		{ RXD_EOP | RXD_TCPCS | RXD_IPCS | 60, E1000_RX_FRAME, true },
		{ RXD_EOP | RXD_TCPCS | RXD_TCPE | 60, E1000_RX_FRAME, false },
		{ RXD_EOP | RXD_TCPCS | RXD_IPCS | RXD_IPE | 60, E1000_RX_FRAME, false },
		{ RXD_EOP | RXD_TCPCS | RXD_IXSM | 60, E1000_RX_FRAME, false },
		{ RXD_EOP | RXD_IPCS | 60, E1000_RX_FRAME, false },
	};
	struct e1000_ring ring = new_ring(8);
	struct e1000_frame f;
	struct e1000_rx rx;

	e1000_rx_init(&rx, &ring);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		chip_receives(&ring, i % 8, cases[i].info);
		assert_int_equal(e1000_rx_look(&rx, &f), cases[i].kind);
		if (cases[i].kind == E1000_RX_FRAME)
			assert_int_equal(f.csum_ok, cases[i].csum_ok);
		e1000_rx_return(&rx);
	}
	free_ring(&ring);
}

/* A frame in several slots is one absurdity, whatever its parts look like. */
static void rx_drops_chains_whole(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_frame f;
	struct e1000_rx rx;

	e1000_rx_init(&rx, &ring);
	chip_receives(&ring, 0, E1000_BUF);
	chip_receives(&ring, 1, E1000_BUF);
	chip_receives(&ring, 2, RXD_EOP | 100);
	chip_receives(&ring, 3, RXD_EOP | 60);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_ABSURD);
	e1000_rx_return(&rx);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_REST);
	e1000_rx_return(&rx);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_REST);
	e1000_rx_return(&rx);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_FRAME);
	assert_int_equal(f.len, 60);
	free_ring(&ring);
}

static void rx_notices_a_lying_chip(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_frame f;
	struct e1000_rx rx;

	e1000_rx_init(&rx, &ring);
	assert_true(e1000_rx_head_ok(&rx, 0));
	assert_true(e1000_rx_head_ok(&rx, 7));
	assert_false(e1000_rx_head_ok(&rx, 8));
	assert_false(e1000_rx_head_ok(&rx, 0xffffffff));
	assert_false(e1000_rx_behind(&rx, 0));
	assert_true(e1000_rx_behind(&rx, 1));		/* says 0 is full, it is not */
	chip_receives(&ring, 0, RXD_EOP | 60);
	assert_false(e1000_rx_behind(&rx, 1));
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_FRAME);
	e1000_rx_return(&rx);				/* now ours: slot 0 */
	assert_true(e1000_rx_gap_ok(&rx));
	chip_receives(&ring, 0, RXD_EOP | 60);
	assert_false(e1000_rx_gap_ok(&rx));
	free_ring(&ring);
}

/* ---- anything, anywhere ---- */

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

/* Half of it plausible, or most rounds would end at the first descriptor. */
/* What another program left: frames that wait in both directions stay where they are. */
static void goes_on_where_another_left_off(void **state)
{
	struct e1000_ring tx_ring = new_ring(8), rx_ring = new_ring(8);
	struct e1000_tx old_tx, tx = { .ring = tx_ring };
	struct e1000_rx old_rx, rx = { .ring = rx_ring };
	struct e1000_frame f;

	e1000_tx_init(&old_tx, &tx_ring);
	e1000_rx_init(&old_rx, &rx_ring);
	e1000_tx_submit(&old_tx, 100, true, 34, 16);
	e1000_tx_submit(&old_tx, 60, false, 0, 0);
	chip_receives(&rx_ring, 0, 64 | RXD_EOP);
	assert_int_equal(e1000_rx_look(&old_rx, &f), E1000_RX_FRAME);
	e1000_rx_return(&old_rx);
	chip_receives(&rx_ring, 1, 77 | RXD_EOP);
	old_tx.ring = old_rx.ring = (struct e1000_ring){ 0 };

	assert_true(e1000_tx_resume(&tx, &old_tx));
	assert_true(e1000_rx_resume(&rx, &old_rx));
	assert_int_equal(tx.frames, 2);
	assert_int_equal(e1000_tx_tail(&tx), 3);
	chip_done(&tx_ring, 1);
	chip_done(&tx_ring, 2);
	assert_int_equal(e1000_tx_reclaim(&tx), 100);
	assert_int_equal(e1000_tx_reclaim(&tx), 60);
	assert_int_equal(e1000_rx_look(&rx, &f), E1000_RX_FRAME);
	assert_int_equal(f.len, 77);
	free_ring(&tx_ring);
	free_ring(&rx_ring);
}

/* None of these can be, whoever wrote them. */
static void refuses_an_impossible_past(void **state)
{
	struct e1000_ring ring = new_ring(8);
	struct e1000_tx good, bad, tx = { .ring = ring };
	struct e1000_rx rx = { .ring = ring }, past = { .next = 3, .tail = 10 };

	e1000_tx_init(&good, &ring);
	e1000_tx_submit(&good, 100, true, 34, 16);
	assert_true(e1000_tx_resume(&tx, &good));
	bad = good;
	bad.frames = 2;
	assert_false(e1000_tx_resume(&tx, &bad));
	bad = good;
	bad.next = 8;
	assert_false(e1000_tx_resume(&tx, &bad));
	bad = good;
	bad.clean = 1;
	assert_false(e1000_tx_resume(&tx, &bad));
	bad = good;
	bad.slot[0].slots = 0;
	assert_false(e1000_tx_resume(&tx, &bad));
	bad.slot[0].slots = 3;
	assert_false(e1000_tx_resume(&tx, &bad));
	bad = good;
	bad.slot[0].len = E1000_BUF + 1;
	assert_false(e1000_tx_resume(&tx, &bad));
	assert_true(e1000_rx_resume(&rx, &past));
	past.tail = 11;
	assert_false(e1000_rx_resume(&rx, &past));
	past.tail = 9;
	assert_false(e1000_rx_resume(&rx, &past));
	free_ring(&ring);
}

static void scribble(struct e1000_ring *ring)
{
	unsigned int i, n = (unsigned int)random() % (ring->size + 1);

	for (i = 0; i < n; i++) {
		struct e1000_desc *d = &ring->desc[(unsigned int)random() % ring->size];

		d->info = random64();
		if (random() % 2)
			d->info |= htole64(RXD_DD | RXD_EOP);
		if (random() % 4 == 0)
			d->addr = random64();
	}
}

static void fuzz_receive(struct e1000_rx *rx)
{
	struct e1000_ring *ring = &rx->ring;
	unsigned int sum = 0, turns = (unsigned int)random() % 64;
	struct e1000_frame f = { 0 };
	enum e1000_rx_kind kind;

	while (turns-- && (kind = e1000_rx_look(rx, &f)) != E1000_RX_NONE) {
		if (kind == E1000_RX_FRAME) {
			assert_in_range(f.len, 14, E1000_BUF);
			assert_true(f.data >= ring->buf);
			for (size_t i = 0; i < f.len; i += 97)
				sum += f.data[i] + f.data[f.len - 1];
		}
		e1000_rx_return(rx);
		assert_int_equal(rx->tail - rx->next, ring->size - 1);
		assert_in_range(e1000_rx_tail(rx), 0, ring->size - 1);
	}
	assert_int_not_equal(sum, 1);		/* so that it is not optimised away */
	e1000_rx_head_ok(rx, (uint32_t)random64());
	e1000_rx_behind(rx, (uint32_t)random64());
	e1000_rx_gap_ok(rx);
}

static void fuzz_transmit(struct e1000_tx *tx)
{
	struct e1000_ring *ring = &tx->ring;
	unsigned int turns = (unsigned int)random() % 64, before, len;
	uint8_t *buf;

	while (turns--) {
		before = tx->frames;
		len = e1000_tx_reclaim(tx);
		assert_int_equal(tx->frames, before - !!len);
		assert_true(!len || (len >= 14 && len <= E1000_BUF));
		buf = e1000_tx_provide(tx);
		if (buf) {
			assert_true(buf >= ring->buf);
			len = 14 + (unsigned int)random() % (E1000_BUF - 13);
			memset(buf, 0x5a, len);
			e1000_tx_submit(tx, len, random() % 2, (unsigned int)random() % 200,
					(unsigned int)random() % 50);
		}
		assert_true(tx->next - tx->clean < ring->size);
		assert_true(tx->frames <= tx->next - tx->clean);
		assert_true(e1000_tx_head_ok(tx, tx->clean % ring->size));
	}
	e1000_tx_head_ok(tx, (uint32_t)random64());
}

static void survives_a_hostile_chip(void **state)
{
	struct e1000_ring rxr = new_ring(64), txr = new_ring(64);
	struct e1000_rx rx;
	struct e1000_tx tx;

	srandom(2);
	e1000_rx_init(&rx, &rxr);
	e1000_tx_init(&tx, &txr);
	for (unsigned int i = 0; i < FUZZ_ROUNDS; i++) {
		scribble(&rxr);
		scribble(&txr);
		fuzz_receive(&rx);
		fuzz_transmit(&tx);
	}
	/* After a reset all is well again. */
	e1000_rx_init(&rx, &rxr);
	e1000_tx_init(&tx, &txr);
	assert_true(e1000_rx_gap_ok(&rx));
	assert_int_equal(e1000_tx_reclaim(&tx), 0);
	assert_non_null(e1000_tx_provide(&tx));
	free_ring(&rxr);
	free_ring(&txr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tx_writes_a_frame),
		cmocka_unit_test(tx_context_is_written_once),
		cmocka_unit_test(tx_full_leaves_a_gap),
		cmocka_unit_test(tx_keeps_order_over_wraps),
		cmocka_unit_test(tx_head_out_of_range),
		cmocka_unit_test(rx_gives_frames_and_provides_again),
		cmocka_unit_test(rx_judges),
		cmocka_unit_test(rx_drops_chains_whole),
		cmocka_unit_test(rx_notices_a_lying_chip),
		cmocka_unit_test(goes_on_where_another_left_off),
		cmocka_unit_test(refuses_an_impossible_past),
		cmocka_unit_test(survives_a_hostile_chip),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
