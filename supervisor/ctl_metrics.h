/* SPDX-License-Identifier: MIT */
#ifndef UDRV_CTL_METRICS_H
#define UDRV_CTL_METRICS_H

#include <json-c/json.h>
#include <stdio.h>

/* The devices of a status reply, as OpenMetrics 1.0 text. */
void ctl_metrics_show(struct json_object *devices, FILE *to);

#endif /* UDRV_CTL_METRICS_H */
