// SPDX-License-Identifier: MIT
/* ctl_show.c - udrvd's answers for people: a table and a timeline. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_show.h"

const char *ctl_text(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, key, &v) || !v)
		return "-";
	return json_object_get_string(v);
}

double ctl_number(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return json_object_object_get_ex(o, key, &v) && v ? json_object_get_double(v) : 0;
}

struct json_object *ctl_member(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, key, &v);
	return v;
}

/* ---- the table ------------------------------------------------------------------- */

enum { NAME, BDF, DRIVER, PID, STANDBY, STATE, UPTIME, RESTARTS, IRQS, ENDPOINT, TX, RX, DROPPED, CAUSE, COLUMNS };

static const struct {
	const char *title;
	int number;			/* align right */
} columns[COLUMNS] = {
	[NAME] = { "NAME", 0 },		[BDF] = { "DEVICE", 0 },
	[DRIVER] = { "DRIVER", 0 },	[PID] = { "PID", 1 },
	[STANDBY] = { "STANDBY", 1 },
	[STATE] = { "STATE", 0 },	[UPTIME] = { "FOR", 1 },
	[RESTARTS] = { "RESTARTS", 1 },	[IRQS] = { "IRQ/S", 1 },
	[ENDPOINT] = { "ENDPOINT", 0 },
	[TX] = { "TX", 1 },		[RX] = { "RX", 1 },
	[DROPPED] = { "DROPPED", 1 },	[CAUSE] = { "LAST CAUSE", 0 },
};

typedef char row_t[COLUMNS][256];

static void format_age(char *text, size_t size, double ms)
{
	long s = (long)(ms / 1000);

	if (s < 60)
		snprintf(text, size, "%.1fs", ms / 1000);
	else if (s < 3600)
		snprintf(text, size, "%ldm%02lds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
	else
		snprintf(text, size, "%ldd%02ldh", s / 86400, s / 3600 % 24);
}

static void fill(row_t row, struct json_object *d)
{
	struct json_object *counters = ctl_member(d, "counters"), *endpoint = ctl_member(d, "endpoint");
	struct json_object *standby = ctl_member(d, "standby");
	const char *driver = ctl_text(d, "driver"), *slash = strrchr(driver, '/');

#define PUT(column, ...) snprintf(row[column], sizeof(row[column]), __VA_ARGS__)
	PUT(NAME, "%s", ctl_text(d, "name"));
	PUT(BDF, "%s", ctl_text(d, "bdf"));
	PUT(DRIVER, "%s", slash ? slash + 1 : driver);
	PUT(PID, "%s", ctl_text(d, "pid"));
	PUT(STANDBY, "%s", standby && ctl_number(standby, "waiting") ? ctl_text(standby, "pid") : "-");
	PUT(STATE, "%s", ctl_text(d, "state"));
	format_age(row[UPTIME], sizeof(row[UPTIME]), ctl_number(d, "state_ms"));
	PUT(RESTARTS, "%.0f", ctl_number(d, "restarts"));
	if (ctl_member(d, "interrupts_per_s"))
		PUT(IRQS, "%.0f", ctl_number(d, "interrupts_per_s"));
	else
		PUT(IRQS, "-");
	PUT(ENDPOINT, "%s", ctl_number(endpoint, "open") ? ctl_text(endpoint, "name") : "-");
	if (counters && ctl_member(counters, "tx_sent")) {
		PUT(TX, "%.0f", ctl_number(counters, "tx_sent"));
		PUT(RX, "%.0f", ctl_number(counters, "rx_frames"));
		PUT(DROPPED, "%.0f", ctl_number(counters, "tx_dropped") +
		    ctl_number(counters, "rx_dropped") + ctl_number(counters, "rx_errors"));
	} else {
		PUT(TX, "-");
		PUT(RX, "-");
		PUT(DROPPED, "-");
	}
	PUT(CAUSE, "%s", ctl_text(d, "last_cause"));
#undef PUT
}

static const char *colour(const char *state)
{
	if (!isatty(STDOUT_FILENO))
		return "";
	if (!strcmp(state, "running"))
		return "\033[32m";
	if (!strcmp(state, "held"))
		return "\033[31m";
	return strcmp(state, "off") ? "\033[33m" : "";
}

static void print_cell(const char *text, int column, const int *width, const char *on)
{
	int n = (int)strlen(text);
	const char *off = *on ? "\033[0m" : "";

	if (columns[column].number)
		printf("%*s%s%s%s", width[column] - n, "", on, text, off);
	else if (column == COLUMNS - 1)
		printf("%s%s%s", on, text, off);
	else
		printf("%s%s%s%*s", on, text, off, width[column] - n, "");
	fputs(column == COLUMNS - 1 ? "\n" : "  ", stdout);
}

void ctl_show_status(struct json_object *devices)
{
	size_t n = json_object_array_length(devices);
	int width[COLUMNS];
	row_t row;

	for (int c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(columns[c].title);
	for (size_t i = 0; i < n; i++) {
		fill(row, json_object_array_get_idx(devices, i));
		for (int c = 0; c < COLUMNS; c++)
			if ((int)strlen(row[c]) > width[c])
				width[c] = (int)strlen(row[c]);
	}
	for (int c = 0; c < COLUMNS; c++)
		print_cell(columns[c].title, c, width, "");
	for (size_t i = 0; i < n; i++) {
		fill(row, json_object_array_get_idx(devices, i));
		for (int c = 0; c < COLUMNS; c++)
			print_cell(row[c], c, width, c == STATE ? colour(row[c]) : "");
	}
}

/* ---- the timeline ------------------------------------------------------------------ */

/* Entries are on the monotonic clock; people look at the other one. */
static void format_time(char *text, size_t size, int64_t ns)
{
	struct timespec mono, real;
	struct tm tm;
	int64_t t;
	time_t s;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	t = ((int64_t)real.tv_sec - mono.tv_sec) * 1000000000 + real.tv_nsec - mono.tv_nsec + ns;
	s = t / 1000000000;
	localtime_r(&s, &tm);
	snprintf(text, size, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(t % 1000000000 / 1000000));
}

static int starts_episode(const char *what, int64_t step_ns)
{
	return step_ns < 0 || step_ns > 1000000000 || !strcmp(what, "died") ||
	       !strcmp(what, "command");
}

static void show_event(struct json_object *e, int64_t last)
{
	int64_t ns = json_object_get_int64(ctl_member(e, "ns"));
	const char *what = ctl_text(e, "what"), *detail = ctl_text(e, "detail");
	char when[32];

	if (last < 0 || starts_episode(what, ns - last))
		format_time(when, sizeof(when), ns);
	else
		snprintf(when, sizeof(when), "+%.3f ms", (double)(ns - last) / 1e6);
	printf("%14s  %-15s %s\n", when, what, detail);
}

void ctl_show_history(struct json_object *history)
{
	struct json_object *events = ctl_member(history, "events"), *r = ctl_member(history, "recovery");
	size_t n = json_object_array_length(events);
	int64_t last = -1;

	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_array_get_idx(events, i);

		show_event(e, last);
		last = json_object_get_int64(ctl_member(e, "ns"));
	}
	if (ctl_number(r, "count") > 0)
		printf("recoveries, death to first I/O: %.0f; last %.1f ms, min %.1f, median %.1f, max %.1f\n",
		       ctl_number(r, "count"), ctl_number(r, "last_ms"), ctl_number(r, "min_ms"),
		       ctl_number(r, "median_ms"), ctl_number(r, "max_ms"));
}
