/* SPDX-License-Identifier: MIT */
/* value.h - the kinds of values in a configuration file.  Pure but for user
 * and group names.  All: 0 or -EINVAL; outputs only on success. */
#ifndef UDRVD_VALUE_H
#define UDRVD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "250ms", "2s", "1min"; "0" without a unit */
int udrvd_value_time(const char *text, uint64_t *ns);
/* "4096", "64K", "4M", "1G" */
int udrvd_value_size(const char *text, uint64_t *bytes);
int udrvd_value_count(const char *text, uint64_t *n);
/* A word of a-z, 0-9, '-', '_' and '.', size - 1 letters at most. */
int udrvd_value_name(const char *text, char *name, size_t size);
/* Permissions in octal, as with chmod. */
int udrvd_value_mode(const char *text, mode_t *mode);
/* The next word of *text, added to the list of at most max.  1, or 0: no more
 * words, or -EINVAL: it is too long, or there are too many. */
int udrvd_value_word(const char **text, char (*words)[128], unsigned int *n, unsigned int max);
/* key=value */
bool udrvd_value_is_option(const char *text);
/* A name or a number.  gid: the user's own group, if there is such a user. */
int udrvd_value_user(const char *text, uid_t *uid, gid_t *gid);
int udrvd_value_group(const char *text, gid_t *gid);

#endif /* UDRVD_VALUE_H */
