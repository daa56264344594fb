// SPDX-License-Identifier: MIT
/*
 * ctl_metrics.c - what udrvd knows, for Prometheus and the like: OpenMetrics 1.0.
 *
 * All samples of a family stand together, so each family walks the devices.
 */
#include <stdbool.h>
#include <string.h>

#include "ctl_metrics.h"
#include "ctl_show.h"
#include "state.h"

static void family(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void label(FILE *to, const char *name, const char *value)
{
	fprintf(to, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', to);
		if (*value == '\n')
			fputs("\\n", to);
		else
			fputc(*value, to);
	}
	fputc('"', to);
}

/* NAME{device="net0",KEY="VALUE"} N; key NULL: the first label alone. */
static void sample(FILE *to, const char *name, const char *device, const char *key,
		   const char *value, double n)
{
	fprintf(to, "%s{", name);
	label(to, "device", device);
	if (key) {
		fputc(',', to);
		label(to, key, value);
	}
	fprintf(to, "} %.17g\n", n);
}

/* ---- of every device -------------------------------------------------------------- */

static void show_info(struct json_object *d, FILE *to)
{
	struct json_object *endpoint = ctl_member(d, "endpoint");

	fputs("udrv_device_info{", to);
	label(to, "device", ctl_text(d, "name"));
	fputc(',', to);
	label(to, "bdf", ctl_text(d, "bdf"));
	fputc(',', to);
	label(to, "driver", ctl_text(d, "driver"));
	fputc(',', to);
	label(to, "endpoint", endpoint ? ctl_text(endpoint, "name") : "");
	fputs("} 1\n", to);
}

static void show_state(struct json_object *d, FILE *to)
{
	for (int s = 0; s < UDRVD_STATES; s++)
		sample(to, "udrv_state", ctl_text(d, "name"), "udrv_state", udrvd_state_name(s),
		       !strcmp(ctl_text(d, "state"), udrvd_state_name(s)));
}

static const struct {
	const char *name, *type, *help;
	const char *in, *key;		/* of an object in the device, or of itself */
	double scale;
} plain[] = {
	{ "udrv_starts", "counter", "Drivers started.", NULL, "starts", 1 },
	{ "udrv_deaths", "counter", "Drivers that died unasked.", NULL, "deaths", 1 },
	{ "udrv_malformed_messages", "counter", "Messages of drivers that made no sense.",
	  NULL, "malformed_messages", 1 },
	{ "udrv_foreign_messages", "counter", "Messages of processes that are no drivers.",
	  NULL, "foreign_messages", 1 },
	{ "udrv_irq_storms", "counter", "Times that interrupts were slowed down.",
	  NULL, "irq_storms", 1 },
	{ "udrv_interrupts", "counter", "Interrupts.", NULL, "interrupts", 1 },
	{ "udrv_recoveries", "counter", "Deaths after which the device came back.",
	  "recovery", "count", 1 },
	{ "udrv_recovery_last_seconds", "gauge", "Death to first I/O, the last one.",
	  "recovery", "last_ms", 1e-3 },
	{ "udrv_recovery_median_seconds", "gauge", "Death to first I/O, of the last 256.",
	  "recovery", "median_ms", 1e-3 },
	{ "udrv_recovery_max_seconds", "gauge", "Death to first I/O, of the last 256.",
	  "recovery", "max_ms", 1e-3 },
	{ "udrv_net_carrier", "gauge", "The link is up.", "counters", "carrier", 1 },
	{ "udrv_net_receive_errors", "counter", "Frames received that were damaged.",
	  "counters", "rx_errors", 1 },
	{ "udrv_net_resets", "counter", "Resets of the chip by its driver.",
	  "counters", "resets", 1 },
};

static void show_plain(struct json_object *devices, size_t i, FILE *to)
{
	bool counter = !strcmp(plain[i].type, "counter");
	char name[64];

	family(to, plain[i].name, plain[i].type, plain[i].help);
	snprintf(name, sizeof(name), "%s%s", plain[i].name, counter ? "_total" : "");
	for (size_t n = 0; n < json_object_array_length(devices); n++) {
		struct json_object *d = json_object_array_get_idx(devices, n);
		struct json_object *o = plain[i].in ? ctl_member(d, plain[i].in) : d;

		/* null: there is nothing to know yet, or this kind has none. */
		if (o && ctl_member(o, plain[i].key))
			sample(to, name, ctl_text(d, "name"), NULL, NULL,
			       ctl_number(o, plain[i].key) * plain[i].scale);
	}
}

/* ---- of each kind ------------------------------------------------------------------- */

/* One number of a device's counters, or of each of its disks or streams. */
static const struct {
	const char *name, *help;
	const char *list, *list_key, *list_label;	/* NULL: none */
	const char *label;
	struct {
		const char *value, *key;
		double scale;
	} of[4];
} split[] = {
	{ "udrv_net_frames", "Frames.", NULL, NULL, NULL, "direction",
	  { { "transmit", "tx_sent", 1 }, { "receive", "rx_frames", 1 } } },
	{ "udrv_net_bytes", "Bytes of frames.", NULL, NULL, NULL, "direction",
	  { { "transmit", "tx_bytes", 1 }, { "receive", "rx_bytes", 1 } } },
	{ "udrv_net_dropped", "Frames dropped.", NULL, NULL, NULL, "direction",
	  { { "transmit", "tx_dropped", 1 }, { "receive", "rx_dropped", 1 } } },
	{ "udrv_disk_requests", "Requests done.", "disks", "unit", "unit", "op",
	  { { "read", "reads", 1 }, { "write", "writes", 1 }, { "flush", "flushes", 1 },
	    { "discard", "discards", 1 } } },
	{ "udrv_disk_bytes", "Bytes moved.", "disks", "unit", "unit", "op",
	  { { "read", "read_sectors", 512 }, { "write", "written_sectors", 512 } } },
	{ "udrv_disk_errors", "Requests failed.", "disks", "unit", "unit", NULL,
	  { { NULL, "errors", 1 } } },
	{ "udrv_sound_frames", "Frames played or captured.", "streams", "name", "stream", NULL,
	  { { NULL, "played", 1 } } },
	{ "udrv_sound_xruns", "Times that the ring ran dry or over.", "streams", "name", "stream",
	  NULL, { { NULL, "xruns", 1 } } },
};

static void show_numbers(struct json_object *o, size_t i, const char *device, const char *item,
			 FILE *to)
{
	for (size_t k = 0; k < 4 && split[i].of[k].key; k++) {
		if (!ctl_member(o, split[i].of[k].key))
			continue;
		fprintf(to, "%s_total{", split[i].name);
		label(to, "device", device);
		if (item) {
			fputc(',', to);
			label(to, split[i].list_label, item);
		}
		if (split[i].label) {
			fputc(',', to);
			label(to, split[i].label, split[i].of[k].value);
		}
		fprintf(to, "} %.17g\n", ctl_number(o, split[i].of[k].key) * split[i].of[k].scale);
	}
}

static void show_split(struct json_object *devices, size_t i, FILE *to)
{
	family(to, split[i].name, "counter", split[i].help);
	for (size_t n = 0; n < json_object_array_length(devices); n++) {
		struct json_object *d = json_object_array_get_idx(devices, n);
		struct json_object *c = ctl_member(d, "counters"), *list;

		if (!split[i].list) {
			show_numbers(c, i, ctl_text(d, "name"), NULL, to);
			continue;
		}
		list = ctl_member(c, split[i].list);
		for (size_t k = 0; list && k < json_object_array_length(list); k++) {
			struct json_object *one = json_object_array_get_idx(list, k);

			show_numbers(one, i, ctl_text(d, "name"),
				     ctl_text(one, split[i].list_key), to);
		}
	}
}

static void show_each(struct json_object *devices, void (*show)(struct json_object *d, FILE *to),
		      FILE *to)
{
	for (size_t n = 0; n < json_object_array_length(devices); n++)
		show(json_object_array_get_idx(devices, n), to);
}

void ctl_metrics_show(struct json_object *devices, FILE *to)
{
	family(to, "udrv_device", "info", "Devices under udrvd.");
	show_each(devices, show_info, to);
	family(to, "udrv_state", "stateset", "What a device's driver is doing.");
	show_each(devices, show_state, to);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		show_plain(devices, i, to);
	for (size_t i = 0; i < sizeof(split) / sizeof(split[0]); i++)
		show_split(devices, i, to);
	fputs("# EOF\n", to);
}
