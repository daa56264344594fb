/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - what applications see of a device.  It outlives drivers: udrvd
 * makes it once and keeps it until it ends.  The class's section in the
 * configuration ([net], [disk], [sound]) selects the kind.
 */
#ifndef UDRVD_ENDPOINT_H
#define UDRVD_ENDPOINT_H

#include <udrv/host.h>

#include "config.h"
#include "spawn.h"

struct udrvd_endpoint {
	const struct udrvd_endpoint_ops *ops;	/* NULL: the device has none */
	const struct udrvd_config *cfg;
	bool is_open;
	int fd;					/* net: the interface */
	struct udrvd_disks *disks;		/* blk: all of it */
	struct udrvd_sound *sound;		/* snd: all of it */
};

struct udrvd_endpoint_ops {
	const char *type;
	/* The device goes on without a driver for a moment, for the next one to
	 * stop it (udrv_driver.halt()): it is not quiesced when one will come at once. */
	bool plays_on;
	/* One driver can serve it after another as if they were one: nothing is to
	 * be done when a running device is handed over. */
	bool stays;
	/* Required. */
	int (*open)(struct udrvd_endpoint *e, struct udrv_error *err);
	/* Required.  Adds what a driver gets; returns how many. */
	unsigned int (*fds)(struct udrvd_endpoint *e, struct udrvd_fd *fds);
	/* Optional.  The driver was started, or could not be: these fds are copied. */
	void (*spawned)(struct udrvd_endpoint *e);
	/* Optional.  The driver said X_UDRV_BLK=unit, less than UDRV_BLK_UNITS. */
	void (*wants)(struct udrvd_endpoint *e, unsigned int unit);
	/* Optional.  The driver said READY=1. */
	void (*ready)(struct udrvd_endpoint *e);
	/* Required.  A driver died, another will come (hold), or none will.
	 * Says in text what it did; 0 or -errno. */
	int (*hold)(struct udrvd_endpoint *e, char *text, size_t size);
	int (*down)(struct udrvd_endpoint *e, char *text, size_t size);
	/* Optional.  Does work wait, for the driver or in it?  *done changes
	 * whenever some is done. */
	bool (*work)(struct udrvd_endpoint *e, uint64_t *done);
	/* Required.  Its name for people; an interface may have been renamed. */
	void (*name)(const struct udrvd_endpoint *e, char *text, size_t size);
	/* Required.  Undoes open. */
	void (*close)(struct udrvd_endpoint *e);
};

extern const struct udrvd_endpoint_ops udrvd_endpoint_net, udrvd_endpoint_blk,
	udrvd_endpoint_snd;

/* The kind that cfg asks for; nothing is opened yet. */
void udrvd_endpoint_init(struct udrvd_endpoint *e, const struct udrvd_config *cfg);

#endif /* UDRVD_ENDPOINT_H */
