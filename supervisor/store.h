/* SPDX-License-Identifier: MIT */
/*
 * store.h - descriptors that outlive udrvd: systemd's store (sd_pid_notify_with_fds(3),
 * FileDescriptorStoreMax=), or whoever speaks its protocol.  Without one nothing
 * happens.
 */
#ifndef UDRVD_STORE_H
#define UDRVD_STORE_H

/* Once, before any other descriptor is made: what the last udrvd has put there. */
void udrvd_store_init(void);
/* One of the kind and device; -1: there is none.  It is the caller's then. */
int udrvd_store_take(const char *kind, const char *device);
/* A copy of fd is kept. */
void udrvd_store_put(const char *kind, const char *device, int fd);
/* What nobody took belongs to devices that are no more. */
void udrvd_store_forget(void);

#endif /* UDRVD_STORE_H */
