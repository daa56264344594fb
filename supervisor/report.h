/* SPDX-License-Identifier: MIT */
/* report.h - a device as JSON (docs/udrvd.md).  NULL: no memory. */
#ifndef UDRVD_REPORT_H
#define UDRVD_REPORT_H

#include <json-c/json.h>

#include "device.h"

struct json_object *udrvd_report_status(struct udrvd_device *d);
/* The newest `limit` entries. */
struct json_object *udrvd_report_history(const struct udrvd_device *d, size_t limit);

#endif /* UDRVD_REPORT_H */
