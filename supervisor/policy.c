// SPDX-License-Identifier: MIT
/* policy.c - after a death: when to try again, and when to give up. */
#include "policy.h"

static bool was_useful(const struct udrvd_policy *p, const struct udrvd_life *life)
{
	if (life->first_io)
		return true;
	return life->ready && life->died - life->ready >= p->healthy;
}

static uint64_t backoff(const struct udrvd_policy *p, unsigned int strikes)
{
	uint64_t delay = p->backoff_min;

	if (strikes < 2)
		return 0;
	for (; strikes > 2 && delay < p->backoff_max; strikes--)
		delay *= 2;
	return delay < p->backoff_max ? delay : p->backoff_max;
}

struct udrvd_verdict udrvd_policy_death(const struct udrvd_policy *p, unsigned int *strikes,
					const struct udrvd_life *life)
{
	uint64_t lived = life->died - life->spawned;
	struct udrvd_verdict v = { 0 };

	*strikes = was_useful(p, life) ? 0 : *strikes + 1;
	if (*strikes >= p->limit) {
		v.give_up = true;
		return v;
	}
	v.delay = backoff(p, *strikes);
	if (lived < p->backoff_min && v.delay < p->backoff_min - lived)
		v.delay = p->backoff_min - lived;
	return v;
}
