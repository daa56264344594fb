// SPDX-License-Identifier: MIT
/* sendfds.c - descriptors to another process: SCM_RIGHTS, unix(7). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "sendfds.h"
#include "spawn.h"

int udrvd_send_fds(int to, const void *data, size_t len, const int *fds, unsigned int n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * UDRVD_FDS)];
	} control = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n > UDRVD_FDS)
		return -E2BIG;
	if (n) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
