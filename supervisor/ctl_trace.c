// SPDX-License-Identifier: MIT
/* ctl_trace.c - a trace for people. */
#include <stdio.h>
#include <string.h>

#include "ctl_show.h"
#include "ctl_trace.h"

static void where(struct json_object *e, char *text, size_t size)
{
	int offset = (int)ctl_number(e, "offset");
	const char *what = ctl_text(e, "what");

	if (!strcmp(what, "interrupt"))
		snprintf(text, size, "%d", offset);
	else if (!strncmp(what, "config", 6))
		snprintf(text, size, "0x%03x", offset);
	else
		snprintf(text, size, "BAR%d 0x%05x %s", (int)ctl_number(e, "bar"), offset,
			 ctl_text(e, "name"));
}

/* The clock is the history's; the step is since the line above. */
static void show(struct json_object *e, double last)
{
	double ns = ctl_number(e, "ns");
	char at[48], step[24] = "";

	where(e, at, sizeof(at));
	if (last >= 0)
		snprintf(step, sizeof(step), "+%.1f us", (ns - last) / 1e3);
	printf("%16.6f %13s  %-12s %-28s 0x%0*llx\n", ns / 1e9, step, ctl_text(e, "what"), at,
	       2 * (int)ctl_number(e, "width"), (unsigned long long)ctl_number(e, "value"));
}

void ctl_trace_show(struct json_object *trace)
{
	struct json_object *entries;
	double last = -1;

	if (!json_object_object_get_ex(trace, "entries", &entries))
		return;
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *e = json_object_array_get_idx(entries, i);

		show(e, last);
		last = ctl_number(e, "ns");
	}
	printf("%.0f of %.0f entries%s\n", (double)json_object_array_length(entries),
	       ctl_number(trace, "seen"),
	       json_object_get_boolean(json_object_object_get(trace, "on")) ? "" :
	       "; no trace is being written (udrvctl trace NAME on)");
}
