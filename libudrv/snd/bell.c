// SPDX-License-Identifier: MIT
/* bell.c - what wakes the application, and us.  Nothing here can block. */
#include <errno.h>
#include <sys/socket.h>

#include "snd_internal.h"

void udrv_snd_ring_bell(int bell)
{
	/* Fails if it is full: then the other side will wake up anyway. */
	if (bell >= 0)
		(void)send(bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int udrv_snd_answer_bell(int bell)
{
	char rings[512];
	ssize_t n = recv(bell, rings, sizeof(rings), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n ? 0 : -EPIPE;
}
