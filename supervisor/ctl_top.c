// SPDX-License-Identifier: MIT
/* ctl_top.c - what devices are doing right now. */
#include <stdio.h>
#include <string.h>

#include "ctl_show.h"
#include "ctl_top.h"

/* So far; in and out: bytes. */
struct work {
	double interrupts, ops, in, out;
};

/* in: to the machine.  A sound card's frames have no size that is known here. */
static struct work work_of(struct json_object *d)
{
	struct json_object *c = ctl_member(d, "counters"), *list;
	struct work w = { .interrupts = ctl_number(d, "interrupts") };

	w.ops = ctl_number(c, "tx_sent") + ctl_number(c, "rx_frames");
	w.in = ctl_number(c, "rx_bytes");
	w.out = ctl_number(c, "tx_bytes");
	list = ctl_member(c, "disks");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *disk = json_object_array_get_idx(list, i);

		w.ops += ctl_number(disk, "reads") + ctl_number(disk, "writes") +
			 ctl_number(disk, "flushes") + ctl_number(disk, "discards");
		w.in += ctl_number(disk, "read_sectors") * 512;
		w.out += ctl_number(disk, "written_sectors") * 512;
	}
	list = ctl_member(c, "streams");
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		w.ops += ctl_number(json_object_array_get_idx(list, i), "played");
	return w;
}

static struct json_object *find(struct json_object *devices, const char *name)
{
	for (size_t i = 0; devices && i < json_object_array_length(devices); i++) {
		struct json_object *d = json_object_array_get_idx(devices, i);

		if (!strcmp(ctl_text(d, "name"), name))
			return d;
	}
	return NULL;
}

/* 12345678 -> "12.3M" */
static void rate(char text[16], double before, double now, double seconds)
{
	static const char units[] = " kMGT";
	double v = (now - before) / seconds;
	size_t u = 0;

	/* Counters of a new driver begin anew. */
	if (v < 0)
		v = now / seconds;
	for (; v >= 999.5 && u + 2 < sizeof(units); u++)
		v /= 1000;
	snprintf(text, 16, u && v < 99.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

static void show_device(struct json_object *before, struct json_object *d, double seconds)
{
	char irq[16] = "-", ops[16] = "-", in[16] = "-", out[16] = "-";

	if (before) {
		struct work a = work_of(before), b = work_of(d);

		rate(irq, a.interrupts, b.interrupts, seconds);
		rate(ops, a.ops, b.ops, seconds);
		rate(in, a.in, b.in, seconds);
		rate(out, a.out, b.out, seconds);
	}
	printf("%-16s %-10s %8s %8s %8s %8s %8s %8s  %s\n", ctl_text(d, "name"),
	       ctl_text(d, "state"), ctl_text(d, "pid"), ctl_text(d, "restarts"), irq, ops, in, out,
	       ctl_text(d, "status"));
}

void ctl_top_show(struct json_object *before, struct json_object *now, double seconds)
{
	printf("%-16s %-10s %8s %8s %8s %8s %8s %8s  %s\n", "NAME", "STATE", "PID", "RESTARTS",
	       "IRQ/S", "OPS/S", "IN B/S", "OUT B/S", "STATUS");
	for (size_t i = 0; i < json_object_array_length(now); i++) {
		struct json_object *d = json_object_array_get_idx(now, i);

		show_device(find(before, ctl_text(d, "name")), d, seconds);
	}
}
