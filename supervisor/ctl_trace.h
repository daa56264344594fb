/* SPDX-License-Identifier: MIT */
#ifndef UDRV_CTL_TRACE_H
#define UDRV_CTL_TRACE_H

#include <json-c/json.h>

/* What a driver and its device said to each other, a line each. */
void ctl_trace_show(struct json_object *trace);

#endif /* UDRV_CTL_TRACE_H */
