/* SPDX-License-Identifier: MIT */
/* ctl_show.h - udrvd's answers for people. */
#ifndef UDRV_CTL_SHOW_H
#define UDRV_CTL_SHOW_H

#include <json-c/json.h>

void ctl_show_status(struct json_object *devices);	/* a table */
void ctl_show_history(struct json_object *history);	/* a timeline */

/* NULL: it is not there, or null. */
struct json_object *ctl_member(struct json_object *o, const char *key);
/* A member's text or number; "-" or 0 if it is not there. */
const char *ctl_text(struct json_object *o, const char *key);
double ctl_number(struct json_object *o, const char *key);

#endif /* UDRV_CTL_SHOW_H */
