// SPDX-License-Identifier: MIT
/* ctl_top.c - what devices are doing right now. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Counters of a new driver begin anew. */
static double rate(double before, double now, double seconds)
{
	return (now < before ? now : now - before) / seconds;
}

static struct work rates(struct json_object *before, struct json_object *now, double seconds)
{
	struct work a = work_of(before), b = work_of(now);

	return (struct work){
		rate(a.interrupts, b.interrupts, seconds), rate(a.ops, b.ops, seconds),
		rate(a.in, b.in, seconds), rate(a.out, b.out, seconds),
	};
}

/* ---- for people ------------------------------------------------------------------ */

/* 12345678 -> "12.3M" */
static void shorten(char text[16], double v)
{
	static const char units[] = " kMGT";
	size_t u = 0;

	for (; v >= 999.5 && u + 2 < sizeof(units); u++)
		v /= 1000;
	snprintf(text, 16, u && v < 99.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

static void show_device(struct json_object *before, struct json_object *d, double seconds)
{
	char irq[16] = "-", ops[16] = "-", in[16] = "-", out[16] = "-";

	if (before) {
		struct work w = rates(before, d, seconds);

		shorten(irq, w.interrupts);
		shorten(ops, w.ops);
		shorten(in, w.in);
		shorten(out, w.out);
	}
	printf("%-16s %-10s %8s %8s %8s %8s %8s %8s  %s\n", ctl_text(d, "name"),
	       ctl_text(d, "state"), ctl_text(d, "pid"), ctl_text(d, "restarts"), irq, ops, in, out,
	       ctl_text(d, "status"));
}

static void show_table(struct json_object *before, struct json_object *now, double seconds)
{
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	printf("%-16s %-10s %8s %8s %8s %8s %8s %8s  %s\n", "NAME", "STATE", "PID", "RESTARTS",
	       "IRQ/S", "OPS/S", "IN B/S", "OUT B/S", "STATUS");
	for (size_t i = 0; i < json_object_array_length(now); i++) {
		struct json_object *d = json_object_array_get_idx(now, i);

		show_device(find(before, ctl_text(d, "name")), d, seconds);
	}
}

/* ---- for programs ---------------------------------------------------------------- */

static void add_rate(struct json_object *o, const char *key, const double *v)
{
	char text[32];

	if (!v) {
		json_object_object_add(o, key, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%.1f", *v);
	json_object_object_add(o, key, json_object_new_double_s(*v, text));
}

static struct json_object *json_device(struct json_object *before, struct json_object *d,
				       double seconds)
{
	static const char *const keys[] = { "name", "state", "pid", "restarts", "status" };
	struct json_object *o = json_object_new_object();
	struct work w = { 0 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_object_add(o, keys[i], json_object_get(ctl_member(d, keys[i])));
	if (before)
		w = rates(before, d, seconds);
	add_rate(o, "interrupts_per_s", before ? &w.interrupts : NULL);
	add_rate(o, "operations_per_s", before ? &w.ops : NULL);
	add_rate(o, "in_bytes_per_s", before ? &w.in : NULL);
	add_rate(o, "out_bytes_per_s", before ? &w.out : NULL);
	return o;
}

static void show_line(struct json_object *before, struct json_object *now, double seconds)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(now); i++) {
		struct json_object *d = json_object_array_get_idx(now, i);

		json_object_array_add(all, json_device(find(before, ctl_text(d, "name")), d, seconds));
	}
	json_object_object_add(o, "devices", all);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void ctl_top_show(struct json_object *before, struct json_object *now, double seconds, bool json)
{
	(json ? show_line : show_table)(before, now, seconds);
}
