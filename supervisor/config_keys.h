/* SPDX-License-Identifier: MIT */
/* config_keys.h - between the lines of a file and the meaning of its keys. */
#ifndef UDRVD_CONFIG_KEYS_H
#define UDRVD_CONFIG_KEYS_H

#include "config.h"

#define UDRVD_KEYS	48
#define UDRVD_SECTIONS	16

/* Where something was given; line 0: nowhere. */
struct place {
	const char *file;
	int line;
};

/* Reads a device's file and its drop-ins, one after the other. */
struct parser {
	FILE *in, *errors;
	const char *file;
	int line;
	bool indented;			/* the line at hand begins with a blank */
	bool known_section;		/* it is below a section that exists */
	unsigned int complaints;
	struct udrvd_config *cfg;
	struct place section[UDRVD_SECTIONS], key[UDRVD_KEYS];
};

struct key {
	const char *section, *name;
	int (*parse)(struct parser *p, const struct key *key, const char *value);
	size_t at;			/* of the member in struct udrvd_config */
	uint64_t min, max;
	const char *expected;
};

extern const struct key udrvd_keys[];	/* up to one without a name */

/* Words; comes again for each line that continues the first. */
int udrvd_parse_options(struct parser *p, const struct key *key, const char *value);

#endif /* UDRVD_CONFIG_KEYS_H */
