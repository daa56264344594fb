/* SPDX-License-Identifier: MIT */
/*
 * pin.h - keep in memory what starting a driver reads: the program, its
 * libraries, and the way to them.  Their file system may be on the very disk
 * that waits for this driver.
 */
#ifndef UDRVD_PIN_H
#define UDRVD_PIN_H

#include <stddef.h>
#include <sys/types.h>

#define UDRVD_PINS	64

struct udrvd_pins {
	dev_t dev;			/* of the program ... */
	ino_t ino;			/* ... that these belong to */
	struct udrvd_pin {
		void *va;
		size_t len;
	} pin[UDRVD_PINS];
	unsigned int n;
};

/* Everything that process pid has mapped from files, unless it is a program
 * that is pinned already.  Returns how many files could not be had. */
unsigned int udrvd_pin(struct udrvd_pins *p, pid_t pid);
void udrvd_unpin(struct udrvd_pins *p);

/* Ourselves: no page fault, and no reclaim that waits for a disk of ours.
 * 0 or -errno. */
int udrvd_pin_self(void);

#endif /* UDRVD_PIN_H */
