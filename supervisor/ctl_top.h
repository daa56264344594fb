/* SPDX-License-Identifier: MIT */
#ifndef UDRV_CTL_TOP_H
#define UDRV_CTL_TOP_H

#include <json-c/json.h>
#include <stdbool.h>

/* What devices did between two status replies that are `seconds` apart, as a
 * table, or as a line of JSON.  A device that was not there before has no rates. */
void ctl_top_show(struct json_object *before, struct json_object *now, double seconds, bool json);

#endif /* UDRV_CTL_TOP_H */
