// SPDX-License-Identifier: MIT
/* report.c - a device as JSON. */
#include <stdio.h>
#include <string.h>

#include "report.h"

static void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	add(o, key, *text ? json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *o, const char *key, uint64_t n)
{
	add(o, key, json_object_new_int64(n > INT64_MAX ? INT64_MAX : (int64_t)n));
}

/* Microseconds are all there is to know; %.17g would pretend more. */
static struct json_object *ms(uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", (double)ns / 1e6);
	return json_object_new_double_s((double)ns / 1e6, text);
}

static struct json_object *endpoint(const struct udrvd_endpoint *e)
{
	struct json_object *o;
	char name[64];

	if (!e->ops)
		return NULL;
	o = json_object_new_object();
	e->ops->name(e, name, sizeof(name));
	add_text(o, "type", e->ops->type);
	add_text(o, "name", name);
	add(o, "open", json_object_new_boolean(e->is_open));
	return o;
}

static void add_net(struct json_object *o, const struct udrv_net_state *s)
{
	char mac[18];

	add_number(o, "tx_taken", s->tx_taken);
	add_number(o, "tx_sent", s->tx_sent);
	add_number(o, "tx_dropped", s->tx_dropped);
	add_number(o, "rx_frames", s->rx_frames);
	add_number(o, "rx_dropped", s->rx_dropped);
	add_number(o, "rx_errors", s->rx_errors);
	add_number(o, "resets", s->resets);
	add_number(o, "tx_bytes", s->tx_bytes);
	add_number(o, "rx_bytes", s->rx_bytes);
	add(o, "carrier", json_object_new_boolean(s->carrier == 1));
	if (s->mac_valid == 1) {
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", s->mac[0], s->mac[1],
			 s->mac[2], s->mac[3], s->mac[4], s->mac[5]);
		add_text(o, "mac", mac);
	}
}

static struct json_object *disk(const struct udrv_blk_unit *u, unsigned int number)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "unit", number);
	add_number(o, "sectors", u->limits.sectors);
	add_number(o, "reads", u->reads);
	add_number(o, "writes", u->writes);
	add_number(o, "fua", u->fua);
	add_number(o, "flushes", u->flushes);
	add_number(o, "discards", u->discards);
	add_number(o, "read_sectors", u->read_sectors);
	add_number(o, "written_sectors", u->written_sectors);
	add_number(o, "errors", u->errors);
	return o;
}

static void add_blk(struct json_object *o, const struct udrv_blk_state *s)
{
	struct json_object *all = json_object_new_array();

	for (unsigned int i = 0; i < UDRV_BLK_UNITS; i++)
		if (s->unit[i].limits.sectors)
			json_object_array_add(all, disk(&s->unit[i], i));
	add(o, "disks", all);
}

static struct json_object *stream(const struct udrv_snd_stream_state *s, const char *name)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", name);
	add(o, "running", json_object_new_boolean(s->running == 1));
	add_number(o, "rate", s->params.rate);
	add_number(o, "channels", s->params.channels);
	add_number(o, "period", s->params.period);
	add_number(o, "frames", s->params.frames);
	add_number(o, "position", s->hw);
	add_number(o, "played", s->played);
	add_number(o, "xruns", s->xruns);
	add(o, "gap_ms", s->gap_ns ? ms(s->gap_ns) : NULL);
	return o;
}

static void add_snd(struct json_object *o, const struct udrv_snd_state *s)
{
	struct json_object *all = json_object_new_array();

	json_object_array_add(all, stream(&s->stream[UDRV_SND_PLAYBACK], "playback"));
	json_object_array_add(all, stream(&s->stream[UDRV_SND_CAPTURE], "capture"));
	add(o, "streams", all);
}

/* Drivers write the page: only what names its kind is shown as that. */
static struct json_object *counters(const struct udrvd_device *d)
{
	struct udrv_checkpoint cp;
	struct json_object *o;

	if (!udrvd_device_checkpoint(d, &cp))
		return NULL;
	o = json_object_new_object();
	add_number(o, "starts", cp.starts);
	if (cp.class == UDRV_CLASS_NET)
		add_net(o, &cp.net);
	if (cp.class == UDRV_CLASS_BLK)
		add_blk(o, &cp.blk);
	if (cp.class == UDRV_CLASS_SND)
		add_snd(o, &cp.snd);
	return o;
}

static struct json_object *standby(const struct udrvd_standby *s)
{
	struct json_object *o;

	if (!s->process.pid)
		return NULL;
	o = json_object_new_object();
	add(o, "pid", json_object_new_int(s->process.pid));
	add(o, "waiting", json_object_new_boolean(s->waiting));
	return o;
}

static struct json_object *upgrade(const struct udrvd_device *d)
{
	struct json_object *o;

	if (d->upgrade.phase == UDRVD_UPGRADE_NONE)
		return NULL;
	o = json_object_new_object();
	add_text(o, "to", d->upgrade.to);
	add_text(o, "state", udrvd_upgrade_name(d));
	add_text(o, "why", d->upgrade.result);
	return o;
}

static struct json_object *recovery(const struct udrvd_device *d)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	struct udrvd_recovery r;

	udrvd_recovery_stats(&d->history, &r);
	add_number(o, "count", d->history.recoveries);
	add(o, "last_ms", r.n ? ms(r.last) : NULL);
	add(o, "min_ms", r.n ? ms(r.min) : NULL);
	add(o, "median_ms", r.n ? ms(r.median) : NULL);
	add(o, "max_ms", r.n ? ms(r.max) : NULL);
	for (size_t i = 0; i < r.n; i++)
		json_object_array_add(all, ms(r.all[i]));
	add(o, "ms", all);
	return o;
}

static void add_interrupts(struct json_object *o, struct udrvd_device *d)
{
	struct udrvd_rate *r = &d->irq_rate;
	struct json_object *rate = NULL;
	uint64_t n;
	char text[32];

	if (!udrvd_interrupts(d->cfg->bdf, &n)) {
		add(o, "interrupts", NULL);
	} else {
		udrvd_rate_look(r, udrvd_now(), n);
		add_number(o, "interrupts", n);
		snprintf(text, sizeof(text), "%.1f", r->per_s);
		if (r->known)
			rate = json_object_new_double_s(r->per_s, text);
	}
	add(o, "interrupts_per_s", rate);
}

struct json_object *udrvd_report_status(struct udrvd_device *d)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add_text(o, "name", d->cfg->name);
	add_text(o, "bdf", d->cfg->bdf);
	add_text(o, "driver", d->driver);
	add_text(o, "state", udrvd_state_name(d->state));
	add(o, "state_ms", ms(udrvd_now() - d->since));
	add(o, "pid", d->process.pid ? json_object_new_int(d->process.pid) : NULL);
	add(o, "standby", standby(&d->standby));
	add(o, "upgrade", upgrade(d));
	add_number(o, "starts", d->starts);
	add_number(o, "restarts", d->starts ? d->starts - 1 : 0);
	add_number(o, "deaths", d->deaths);
	add_number(o, "strikes", d->strikes);
	add_text(o, "last_cause", d->cause);
	add_text(o, "status", d->status);
	add_number(o, "malformed_messages", d->malformed);
	add_number(o, "foreign_messages", d->foreign);
	add_number(o, "dma_faults", d->dma_faults);
	add_number(o, "irq_storms", d->storms);
	add_interrupts(o, d);
	add(o, "endpoint", endpoint(&d->endpoint));
	add(o, "counters", counters(d));
	add(o, "recovery", recovery(d));
	return o;
}

struct json_object *udrvd_report_history(const struct udrvd_device *d, size_t limit)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	size_t n = d->history.n < UDRVD_HISTORY ? (size_t)d->history.n : UDRVD_HISTORY;
	const struct udrvd_entry *e;

	if (!o || !all)
		return NULL;
	add_text(o, "name", d->cfg->name);
	for (size_t i = n > limit ? n - limit : 0; (e = udrvd_history_get(&d->history, i)); i++) {
		struct json_object *entry = json_object_new_object();

		add_number(entry, "ns", e->ns);
		add_text(entry, "what", e->what);
		add_text(entry, "detail", e->detail);
		json_object_array_add(all, entry);
	}
	add(o, "events", all);
	add(o, "recovery", recovery(d));
	return o;
}
