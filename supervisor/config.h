/* SPDX-License-Identifier: MIT */
/* config.h - one INI file for each device; docs/udrvd.md is its reference. */
#ifndef UDRVD_CONFIG_H
#define UDRVD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "policy.h"

#define UDRVD_CONFIG_DIR "/etc/udrv"
#define UDRVD_OPTIONS	16
#define UDRVD_FILES	8

struct udrvd_config {
	char file[256];
	char name[32];
	char bdf[16];			/* "none": a driver without hardware */
	char driver[256];		/* absolute path */
	char options[UDRVD_OPTIONS][128];	/* key=value */
	unsigned int n_options;
	char bind[16];			/* kernel driver to bind it to, "": none */

	uint64_t arena, memlock;	/* bytes */

	bool net;			/* the file has a section [net] */
	char ifname[16];
	bool carrier_drop;		/* carrier off while no driver runs */

	bool disk;			/* the file has a section [disk] */
	char link[32];			/* /dev/udrv/LINK0 and so on */
	bool disk_fail;			/* requests fail when no driver will come */

	bool sound;			/* the file has a section [sound] */
	char snd_socket[108];
	mode_t snd_mode;
	gid_t snd_group;
	uint64_t ring;			/* bytes, of each stream */

	struct udrvd_policy restart;
	uint64_t progress;		/* ns; 0: not watched */
	uint64_t start_timeout, stop_timeout, watchdog;	/* ns; watchdog 0: none */
	bool standby;			/* a second process waits for the first one's death */

	uid_t user;			/* 0: not given, see udrvd_configs_users() */
	gid_t group;
	bool group_given;
	bool confine;			/* system calls filtered, a cell of its own */
	uint64_t memory;		/* bytes of addresses besides the arena */
	bool core;			/* it may leave core dumps */
	char files[UDRVD_FILES][128];	/* absolute paths that it sees in its cell */
	unsigned int n_files;

	char held_command[256];	/* run when it is given up; "": none */
	uid_t held_user;		/* 0: root, with all of its rights */
	gid_t held_group;
	uint64_t held_timeout;	/* ns */

	int line_name, line_bdf, line_net, line_disk, line_sound;	/* for messages; 0: not given */
};

/* Complaints go to errors, "FILE:LINE: what is wrong (what is expected)", one
 * a line.  Returns how many. */
unsigned int udrvd_config_parse(FILE *in, const char *file, struct udrvd_config *cfg,
				FILE *errors);

/* The same of a file and its drop-ins, which change what came before. */
unsigned int udrvd_config_load(char *const *paths, unsigned int n, struct udrvd_config *cfg,
			       FILE *errors);

struct udrvd_configs {
	struct udrvd_config *cfg;
	size_t n;
};
/* Adds a file, or all *.ini files of a directory in alphabetical order; with each
 * NAME.ini its drop-ins, what ends in .conf in NAME.conf.d, in that order too.
 * Returns the number of complaints. */
unsigned int udrvd_configs_add(struct udrvd_configs *all, const char *path, FILE *errors);
/* What only shows when all are there: a name, a device or an interface that
 * two of them claim. */
unsigned int udrvd_configs_check(const struct udrvd_configs *all, FILE *errors);
/* Those without user= get one each that is nobody else's. */
void udrvd_configs_users(const struct udrvd_configs *all);
void udrvd_configs_free(struct udrvd_configs *all);

#endif /* UDRVD_CONFIG_H */
