// SPDX-License-Identifier: MIT
/* message.c - what a driver says on NOTIFY_SOCKET. */
#include <errno.h>
#include <string.h>

#include "message.h"

struct text {
	const char *at;
	size_t len;
};

static bool is(struct text t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.at, word, t.len);
}

static void copy(char to[UDRVD_STATUS_MAX], struct text t)
{
	size_t len = t.len < UDRVD_STATUS_MAX ? t.len : UDRVD_STATUS_MAX - 1;

	memcpy(to, t.at, len);
	to[len] = '\0';
}

static int parse_ns(struct text t, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] < '0' || t.at[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(t.at[i] - '0'), &v))
			return -EINVAL;
	}
	*out = v;
	return v ? 0 : -EINVAL;
}

/* These know one value only. */
static int parse_flag(struct text value, bool *flag)
{
	*flag = true;
	return is(value, "1") ? 0 : -EINVAL;
}

static int parse_unit(struct text t, struct udrvd_message *m)
{
	if (t.len != 1 || *t.at < '0' || *t.at >= '0' + UDRV_BLK_UNITS)
		return -EINVAL;
	m->has_blk = true;
	m->blk = (unsigned int)(*t.at - '0');
	return 0;
}

/* Compared only, never cut: half a name could be another one's. */
static int parse_layout(struct text t, struct udrvd_message *m)
{
	if (!t.len || t.len >= sizeof(m->layout))
		return -EINVAL;
	memcpy(m->layout, t.at, t.len);
	m->layout[t.len] = '\0';
	return 0;
}

static int parse_pair(struct text key, struct text value, struct udrvd_message *m)
{
	if (is(key, "READY"))
		return parse_flag(value, &m->ready);
	if (is(key, "WATCHDOG"))
		return parse_flag(value, &m->watchdog);
	if (is(key, "STOPPING"))
		return parse_flag(value, &m->stopping);
	if (is(key, "X_UDRV_STANDBY"))
		return parse_flag(value, &m->standby);
	if (is(key, "X_UDRV_HANDOVER"))
		return parse_flag(value, &m->handover);
	if (is(key, "X_UDRV_LAYOUT"))
		return parse_layout(value, m);
	if (is(key, "X_UDRV_FIRST_IO"))
		return parse_ns(value, &m->first_io);
	if (is(key, "X_UDRV_BLK"))
		return parse_unit(value, m);
	if (is(key, "STATUS")) {
		m->has_status = true;
		copy(m->status, value);
	} else if (is(key, "X_UDRV_STATE")) {
		copy(m->state, value);
	}
	/* sd_notify(3) has more words, which mean nothing to us. */
	return 0;
}

static int parse_line(struct text line, struct udrvd_message *m)
{
	const char *eq = memchr(line.at, '=', line.len);
	struct text key, value;

	if (!eq || eq == line.at)
		return -EINVAL;
	key = (struct text){ line.at, (size_t)(eq - line.at) };
	value = (struct text){ eq + 1, line.len - key.len - 1 };
	for (size_t i = 0; i < key.len; i++)
		if (!(key.at[i] >= 'A' && key.at[i] <= 'Z') && key.at[i] != '_')
			return -EINVAL;
	/* It will be shown on terminals: plain letters only. */
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < ' ' || value.at[i] > '~')
			return -EINVAL;
	return parse_pair(key, value, m);
}

int udrvd_message_parse(const char *text, size_t len, struct udrvd_message *m)
{
	int ret = len && len <= UDRVD_MESSAGE_MAX ? 0 : -EINVAL;

	memset(m, 0, sizeof(*m));
	while (!ret && len) {
		const char *end = memchr(text, '\n', len);
		struct text line = { text, end ? (size_t)(end - text) : len };
		size_t used = line.len + (end != NULL);

		ret = parse_line(line, m);
		text += used;
		len -= used;
	}
	if (ret)
		memset(m, 0, sizeof(*m));
	return ret;
}
