// SPDX-License-Identifier: MIT
/* wait.c - bounded waits. */
#include <errno.h>
#include <time.h>

#include "internal.h"

uint64_t udrv_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void udrv_usleep(unsigned int usec)
{
	struct timespec ts = { usec / 1000000, (long)(usec % 1000000) * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

/* Spin for the first 50 us, as long as a sleep would cost; then sleep for
 * ever longer pieces, at most 1 ms. */
static void wait_a_little(unsigned int *usec)
{
	if (*usec >= 50)
		udrv_usleep(*usec);
	if (*usec < 1000)
		*usec += *usec < 50 ? 1 : *usec;
}

#define DEFINE_WAIT(bits)								\
int udrv_wait##bits(const struct udrv_bar *bar, size_t off, uint##bits##_t mask,	\
		    uint##bits##_t value, unsigned int usec)				\
{											\
	uint64_t end = udrv_now_ns() + (uint64_t)usec * 1000;				\
	unsigned int pause = 1;								\
											\
	for (;;) {									\
		bool late = udrv_now_ns() >= end;					\
											\
		if ((udrv_read##bits(bar, off) & mask) == value)			\
			return 0;							\
		if (late)								\
			return -ETIMEDOUT;						\
		wait_a_little(&pause);							\
	}										\
}

DEFINE_WAIT(8)
DEFINE_WAIT(32)
