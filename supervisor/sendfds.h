/* SPDX-License-Identifier: MIT */
/* sendfds.h - descriptors to another process. */
#ifndef UDRVD_SENDFDS_H
#define UDRVD_SENDFDS_H

#include <stddef.h>

/* One message with up to UDRVD_FDS descriptors.  Never waits: -EAGAIN if there is
 * no room. */
int udrvd_send_fds(int to, const void *data, size_t len, const int *fds, unsigned int n);

#endif /* UDRVD_SENDFDS_H */
