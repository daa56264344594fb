// SPDX-License-Identifier: MIT
/* state.c - the counters that outlive a driver.  Pure. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

bool udrv_net_mac_ok(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, 6) != 0;	/* bit 0: a group address */
}

static void begin(struct udrv_checkpoint *cp)
{
	memset(cp->area, 0, sizeof(cp->area));
	cp->class = UDRV_CLASS_NET;
}

/* Nothing in the page is believed: our predecessor may have died in the
 * middle of anything, or have been malicious. */
int64_t udrv_net_state_resume(struct udrv_checkpoint *cp)
{
	struct udrv_net_state *s = &cp->net;
	uint64_t done, lost;

	if (cp->class == UDRV_CLASS_NONE) {
		begin(cp);
		return 0;
	}
	if (cp->class != UDRV_CLASS_NET) {
		begin(cp);
		return -EUCLEAN;
	}
	if (s->mac_valid > 1 || (s->mac_valid && !udrv_net_mac_ok(s->mac)))
		s->mac_valid = 0;
	if (s->carrier > 1)
		s->carrier = 0;
	if (__builtin_add_overflow(s->tx_sent, s->tx_dropped, &done)) {
		begin(cp);
		return -EUCLEAN;
	}
	lost = s->tx_taken - done;	/* wraps if it makes no sense: huge then */
	if (lost > UDRV_NET_IN_FLIGHT_MAX) {
		s->tx_taken = done;
		return -EUCLEAN;
	}
	udrv_net_count(&s->tx_dropped, lost);
	return (int64_t)lost;
}

int udrv_net_state_adopt(const struct udrv_checkpoint *cp, unsigned int in_flight)
{
	const struct udrv_net_state *s = &cp->net;

	if (cp->class != UDRV_CLASS_NET || s->mac_valid != 1 || !udrv_net_mac_ok(s->mac) ||
	    s->carrier > 1 || s->tx_taken - s->tx_sent - s->tx_dropped != in_flight)
		return -EUCLEAN;
	return 0;
}
