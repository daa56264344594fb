// SPDX-License-Identifier: MIT
/* trace.c - the ring of a driver's register accesses. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <udrv/trace.h>

#include "memory.h"
#include "trace.h"

static int make_ring(struct udrvd_trace *t)
{
	int fd = udrvd_memfd("udrv-trace", sizeof(*t->ring));
	void *ring;

	if (fd < 0)
		return fd;
	ring = mmap(NULL, sizeof(*t->ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	t->fd = fd;
	t->ring = ring;
	return 0;
}

int udrvd_trace_switch(struct udrvd_trace *t, bool on)
{
	int ret = on && !t->ring ? make_ring(t) : 0;

	if (ret)
		return ret;
	t->on = on;
	if (!t->ring)
		return 0;
	t->ring->magic = UDRV_TRACE_MAGIC;
	t->ring->on = on;
	return 0;
}

void udrvd_trace_close(struct udrvd_trace *t)
{
	if (t->ring) {
		munmap(t->ring, sizeof(*t->ring));
		close(t->fd);
	}
	*t = (struct udrvd_trace){ .fd = -1 };
}

static const char *kind_name(uint8_t kind)
{
	switch (kind) {
	case UDRV_TRACE_READ: return "read";
	case UDRV_TRACE_WRITE: return "write";
	case UDRV_TRACE_CONFIG_READ: return "config-read";
	case UDRV_TRACE_CONFIG_WRITE: return "config-write";
	case UDRV_TRACE_IRQ: return "interrupt";
	default: return "nonsense";
	}
}

static void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

/* Letters that can be printed, or none. */
static struct json_object *name(const struct udrv_trace_entry *e)
{
	char text[sizeof(e->name) + 8];
	size_t len = strnlen(e->name, sizeof(e->name));

	for (size_t i = 0; i < len; i++)
		if (e->name[i] <= ' ' || e->name[i] > '~')
			return NULL;
	if (!len)
		return NULL;
	snprintf(text, sizeof(text), e->at ? "%.*s+0x%x" : "%.*s", (int)len, e->name, e->at);
	return json_object_new_string(text);
}

static struct json_object *entry(const struct udrv_trace_entry *e)
{
	bool bar = e->kind == UDRV_TRACE_READ || e->kind == UDRV_TRACE_WRITE;
	struct json_object *o = json_object_new_object();

	add(o, "ns", json_object_new_int64((int64_t)(e->ns & INT64_MAX)));
	add(o, "what", json_object_new_string(kind_name(e->kind)));
	add(o, "bar", bar ? json_object_new_int(e->bar) : NULL);
	add(o, "offset", json_object_new_int64(e->off));
	add(o, "name", name(e));
	add(o, "width", json_object_new_int(e->width > 4 ? 0 : e->width));
	add(o, "value", json_object_new_int64(e->val));
	return o;
}

struct json_object *udrvd_trace_report(const struct udrvd_trace *t, size_t limit)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	uint64_t n, from;

	if (!o || !all)
		return NULL;
	n = t->ring ? __atomic_load_n(&t->ring->n, __ATOMIC_ACQUIRE) : 0;
	from = n > UDRV_TRACE_ENTRIES ? n - UDRV_TRACE_ENTRIES : 0;
	if (n - from > limit)
		from = n - limit;
	for (uint64_t i = from; i < n; i++) {
		/* A copy: the driver may write at any time. */
		struct udrv_trace_entry e = t->ring->ring[i % UDRV_TRACE_ENTRIES];

		json_object_array_add(all, entry(&e));
	}
	add(o, "on", json_object_new_boolean(t->on));
	add(o, "seen", json_object_new_int64((int64_t)(n & INT64_MAX)));
	add(o, "entries", all);
	return o;
}
