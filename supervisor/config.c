// SPDX-License-Identifier: MIT
/*
 * config.c - the configuration of one device.
 *
 * inih splits the lines; it tells neither their numbers nor that a section
 * begins, so our reader notes both as the lines go by.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <udrv/host.h>
#include <udrv/snd_abi.h>

#include "config.h"
#include "value.h"

#define MS	1000000ull
#define SEC	(1000 * MS)
#define NOBODY	65534
#define KEYS_MAX 32

struct parser {
	FILE *in, *errors;
	const char *file;
	int line;
	bool indented;			/* the line at hand begins with a blank */
	bool known_section;		/* it is below a section that exists */
	unsigned int complaints;
	struct udrvd_config *cfg;
	int seen_section[8];		/* line where it was given, 0: not */
	int seen_key[KEYS_MAX];
};

__attribute__((format(printf, 3, 4)))
static void complain(struct parser *p, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(p->errors, line ? "%s:%d: " : "%s: ", p->file, line);
	va_start(ap, fmt);
	vfprintf(p->errors, fmt, ap);
	va_end(ap);
	fputc('\n', p->errors);
	p->complaints++;
}

/* ---- the keys ---------------------------------------------------------------- */

struct key {
	const char *section, *name;
	int (*parse)(struct parser *p, const struct key *key, const char *value);
	size_t at;			/* of the member in struct udrvd_config */
	uint64_t min, max;
	const char *expected;
};

static void *member(struct parser *p, const struct key *key)
{
	return (char *)p->cfg + key->at;
}

static int in_range(const struct key *key, uint64_t v, uint64_t *out)
{
	if (v < key->min || v > key->max)
		return -EINVAL;
	*out = v;
	return 0;
}

static int parse_time(struct parser *p, const struct key *key, const char *value)
{
	uint64_t v;

	return udrvd_value_time(value, &v) ? -EINVAL : in_range(key, v, member(p, key));
}

static int parse_size(struct parser *p, const struct key *key, const char *value)
{
	uint64_t v;

	if (udrvd_value_size(value, &v) || v % 4096)
		return -EINVAL;
	return in_range(key, v, member(p, key));
}

static int parse_count(struct parser *p, const struct key *key, const char *value)
{
	uint64_t v;

	if (udrvd_value_count(value, &v) || in_range(key, v, &v))
		return -EINVAL;
	*(unsigned int *)member(p, key) = (unsigned int)v;
	return 0;
}

static int parse_name(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->line_name = p->line;
	return udrvd_value_name(value, p->cfg->name, sizeof(p->cfg->name));
}

static int parse_bdf(struct parser *p, const struct key *key, const char *value)
{
	struct udrv_error err;

	p->cfg->line_bdf = p->line;
	if (!strcmp(value, "none")) {
		strcpy(p->cfg->bdf, "none");
		return 0;
	}
	return udrv_host_bdf(value, p->cfg->bdf, &err);
}

static int parse_driver(struct parser *p, const struct key *key, const char *value)
{
	if (value[0] != '/' || strlen(value) >= sizeof(p->cfg->driver))
		return -EINVAL;
	strcpy(p->cfg->driver, value);
	return 0;
}

/* Words; comes again for each line that continues the first. */
static int parse_options(struct parser *p, const struct key *key, const char *value)
{
	struct udrvd_config *cfg = p->cfg;

	for (;;) {
		size_t len;

		value += strspn(value, " \t");
		len = strcspn(value, " \t");
		if (!len)
			return 0;
		if (!udrvd_value_is_option(value) || len >= sizeof(cfg->options[0]) ||
		    cfg->n_options == UDRVD_OPTIONS)
			return -EINVAL;
		memcpy(cfg->options[cfg->n_options], value, len);
		cfg->options[cfg->n_options++][len] = '\0';
		value += len;
	}
}

static int parse_bind(struct parser *p, const struct key *key, const char *value)
{
	if (!strcmp(value, "no"))
		p->cfg->bind[0] = '\0';
	else if (!strcmp(value, "yes") || !strcmp(value, "udrv"))
		strcpy(p->cfg->bind, "udrv");
	else if (!strcmp(value, "vfio-pci"))
		strcpy(p->cfg->bind, "vfio-pci");
	else
		return -EINVAL;
	return 0;
}

static int parse_ifname(struct parser *p, const struct key *key, const char *value)
{
	size_t len = strlen(value);

	/* The kernel's own rule; '%' would make it choose a number. */
	if (!len || len >= sizeof(p->cfg->ifname) || strcspn(value, "/:% \t") != len ||
	    !strcmp(value, ".") || !strcmp(value, ".."))
		return -EINVAL;
	strcpy(p->cfg->ifname, value);
	p->cfg->line_net = p->line;
	return 0;
}

static int parse_carrier(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->carrier_drop = !strcmp(value, "drop");
	return p->cfg->carrier_drop || !strcmp(value, "hold") ? 0 : -EINVAL;
}

static int parse_link(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->line_disk = p->line;
	return udrvd_value_name(value, p->cfg->link, sizeof(p->cfg->link));
}

static int parse_gone(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->disk_fail = !strcmp(value, "fail");
	return p->cfg->disk_fail || !strcmp(value, "wait") ? 0 : -EINVAL;
}

static int parse_socket(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->line_sound = p->line;
	if (value[0] != '/' || strlen(value) >= sizeof(p->cfg->snd_socket))
		return -EINVAL;
	strcpy(p->cfg->snd_socket, value);
	return 0;
}

static int parse_mode(struct parser *p, const struct key *key, const char *value)
{
	return udrvd_value_mode(value, &p->cfg->snd_mode);
}

static int parse_snd_group(struct parser *p, const struct key *key, const char *value)
{
	return udrvd_value_group(value, &p->cfg->snd_group);
}

static int parse_standby(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->standby = !strcmp(value, "yes");
	return p->cfg->standby || !strcmp(value, "no") ? 0 : -EINVAL;
}

static int parse_user(struct parser *p, const struct key *key, const char *value)
{
	gid_t group = NOBODY;

	/* Root's files would be the driver's, capabilities or not. */
	if (udrvd_value_user(value, &p->cfg->user, &group) || p->cfg->user == 0)
		return -EINVAL;
	if (!p->cfg->group_given)
		p->cfg->group = group;
	return 0;
}

static int parse_group(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->group_given = true;
	return udrvd_value_group(value, &p->cfg->group) || p->cfg->group == 0 ? -EINVAL : 0;
}

#define MEMBER(m) offsetof(struct udrvd_config, m)

static const struct key keys[] = {
	{ "device", "name", parse_name, 0, 0, 0,
	  "1 to 31 of the letters a-z, 0-9, '-', '_', '.'" },
	{ "device", "bdf", parse_bdf, 0, 0, 0, "a PCI address such as 0000:00:04.0, or none" },
	{ "device", "driver", parse_driver, 0, 0, 0, "the absolute path of a driver program" },
	{ "device", "options", parse_options, 0, 0, 0,
	  "up to 16 words key=value with blanks between them; a key has the letters a-z, 0-9, '_'" },
	{ "device", "bind", parse_bind, 0, 0, 0, "yes, no, udrv or vfio-pci" },
	{ "dma", "arena", parse_size, MEMBER(arena), 4096, 1ull << 30,
	  "a multiple of 4K up to 1G, such as 4M" },
	{ "dma", "memlock", parse_size, MEMBER(memlock), 4096, 1ull << 40,
	  "a multiple of 4K such as 64M" },
	{ "net", "ifname", parse_ifname, 0, 0, 0,
	  "an interface name of 1 to 15 letters without '/', ':', '%' and blanks" },
	{ "net", "carrier", parse_carrier, 0, 0, 0, "hold or drop" },
	{ "disk", "link", parse_link, 0, 0, 0,
	  "1 to 31 of the letters a-z, 0-9, '-', '_', '.'" },
	{ "disk", "gone", parse_gone, 0, 0, 0, "wait or fail" },
	{ "sound", "socket", parse_socket, 0, 0, 0, "an absolute path of up to 107 letters" },
	{ "sound", "mode", parse_mode, 0, 0, 0, "permissions such as 0660" },
	{ "sound", "group", parse_snd_group, 0, 0, 0, "a group, by name or number" },
	{ "sound", "ring", parse_size, MEMBER(ring), 16384, 16u << 20,
	  "a multiple of 4K from 16K to 16M, such as 256K" },
	{ "restart", "backoff_min", parse_time, MEMBER(restart.backoff_min), MS, 3600 * SEC,
	  "a time from 1ms to 1h, such as 100ms" },
	{ "restart", "backoff_max", parse_time, MEMBER(restart.backoff_max), MS, 3600 * SEC,
	  "a time from 1ms to 1h, such as 10s" },
	{ "restart", "limit", parse_count, MEMBER(restart.limit), 1, 1000000,
	  "a number from 1 to 1000000" },
	{ "restart", "healthy", parse_time, MEMBER(restart.healthy), MS, 24 * 3600 * SEC,
	  "a time from 1ms to 24h, such as 10s" },
	{ "restart", "start_timeout", parse_time, MEMBER(start_timeout), 10 * MS, 3600 * SEC,
	  "a time from 10ms to 1h, such as 10s" },
	{ "restart", "stop_timeout", parse_time, MEMBER(stop_timeout), 10 * MS, 3600 * SEC,
	  "a time from 10ms to 1h, such as 2s" },
	{ "restart", "watchdog", parse_time, MEMBER(watchdog), 0, 3600 * SEC,
	  "a time up to 1h such as 2s, or 0 for none" },
	{ "restart", "standby", parse_standby, 0, 0, 0, "yes or no" },
	{ "sandbox", "user", parse_user, 0, 0, 0, "a user other than root, by name or number" },
	{ "sandbox", "group", parse_group, 0, 0, 0, "a group other than root, by name or number" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(N_KEYS <= KEYS_MAX, "seen_key[] is too small");

static const char *const sections[] = { "device", "dma", "net", "disk", "sound", "restart", "sandbox" };
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* ---- the lines --------------------------------------------------------------- */

static void new_section(struct parser *p, const char *name, size_t len)
{
	p->known_section = false;
	for (size_t i = 0; i < N_SECTIONS; i++) {
		if (strlen(sections[i]) != len || memcmp(sections[i], name, len) != 0)
			continue;
		p->known_section = true;
		if (p->seen_section[i])
			complain(p, p->line, "section [%s] is there already, in line %d",
				 sections[i], p->seen_section[i]);
		p->seen_section[i] = p->line;
		if (!strcmp(sections[i], "net")) {
			p->cfg->net = true;
			p->cfg->line_net = p->line;
		} else if (!strcmp(sections[i], "disk")) {
			p->cfg->disk = true;
			p->cfg->line_disk = p->line;
		} else if (!strcmp(sections[i], "sound")) {
			p->cfg->sound = true;
			p->cfg->line_sound = p->line;
		}
		return;
	}
	complain(p, p->line,
		 "unknown section [%.*s]; expected [device], [dma], [net], [disk], [sound], [restart] or [sandbox]",
		 (int)len, name);
}

/* fgets() for inih, which cuts lines that are too long for its buffer. */
static char *next_line(char *buf, int size, void *arg)
{
	struct parser *p = arg;
	const char *start = buf, *at;
	int c;

	if (!fgets(buf, size, p->in))
		return NULL;
	p->line++;
	if (!strchr(buf, '\n') && !feof(p->in)) {
		while ((c = getc(p->in)) != '\n' && c != EOF)
			;
		complain(p, p->line, "the line is longer than %d letters; options= may go on in indented lines",
			 size - 3);
		strcpy(buf, ";\n");
	}
	if (p->line == 1 && !strncmp(buf, "\xef\xbb\xbf", 3))
		start += 3;		/* some editors' byte order mark; inih skips it too */
	at = start + strspn(start, " \t");
	p->indented = at > start;
	if (*at == '[' && strchr(at, ']'))
		new_section(p, at + 1, strcspn(at + 1, "]"));
	return buf;
}

static const struct key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void unknown_key(struct parser *p, const char *section, const char *name)
{
	char known[160] = "";
	size_t at = 0;

	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(keys[i].section, section) && at < sizeof(known))
			at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s",
					       at ? ", " : "", keys[i].name);
	complain(p, p->line, "unknown key '%s' in [%s]; expected one of %s", name, section, known);
}

static int handle(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *p = arg;
	const struct key *key = find_key(section, name);
	int *seen = key ? &p->seen_key[key - keys] : NULL;

	if (!*section)
		complain(p, p->line, "'%s' is above the first section; expected [device]", name);
	else if (!p->known_section)
		return 1;		/* the section was complained about */
	else if (!key)
		unknown_key(p, section, name);
	else if (*seen && p->indented && key->parse != parse_options)
		complain(p, p->line, "an indented line goes on with the value above, which '%s' does not allow; begin it in the first column",
			 name);
	else if (*seen && !p->indented)
		complain(p, p->line, "'%s' is given already, in line %d", name, *seen);
	else if (key->parse(p, key, value))
		complain(p, p->line, "%s=%s: expected %s", name, value, key->expected);
	if (seen && !*seen)
		*seen = p->line;
	return 1;
}

/* ---- the whole --------------------------------------------------------------- */

static void set_defaults(struct udrvd_config *cfg, const char *file)
{
	*cfg = (struct udrvd_config) {
		.arena = 4u << 20,
		.memlock = 64u << 20,
		.restart = {
			.backoff_min = 100 * MS, .backoff_max = 10 * SEC,
			.healthy = 10 * SEC, .limit = 10,
		},
		.ring = 256u << 10,
		.snd_mode = 0660,
		.start_timeout = 10 * SEC,
		.stop_timeout = 2 * SEC,
		.watchdog = 2 * SEC,
		.standby = true,
		.user = NOBODY,
		.group = NOBODY,
	};
	/* The group of /dev/snd, if there is one. */
	(void)udrvd_value_group("audio", &cfg->snd_group);
	snprintf(cfg->file, sizeof(cfg->file), "%s", file);
}

static int key_line(const struct parser *p, const char *section, const char *name)
{
	return p->seen_key[find_key(section, name) - keys];
}

/* The rings and the program itself need some, too.  A disk's driver locks all of
 * its memory, so that the arena counts for it and for the device. */
static uint64_t needed_memlock(const struct udrvd_config *cfg)
{
	if (cfg->disk)
		return 2 * cfg->arena + (16u << 20);
	return cfg->arena + (1u << 20) + (cfg->sound ? 2 * cfg->ring : 0);
}

static void check_whole(struct parser *p)
{
	static const char *const needed[] = { "name", "bdf", "driver" };
	struct udrvd_config *cfg = p->cfg;
	uint64_t need;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!key_line(p, "device", needed[i]))
			complain(p, 0, "[device] has no '%s'; expected %s", needed[i],
				 find_key("device", needed[i])->expected);
	if (cfg->restart.backoff_min > cfg->restart.backoff_max)
		complain(p, key_line(p, "restart", "backoff_min"),
			 "backoff_min is more than backoff_max; expected at most as much");
	need = needed_memlock(cfg);
	if (cfg->memlock < need)
		complain(p, key_line(p, "dma", "memlock"),
			 "memlock is too low for the arena; expected %llu or more",
			 (unsigned long long)need);
	if (cfg->bind[0] && !strcmp(cfg->bdf, "none"))
		complain(p, key_line(p, "device", "bind"), "bind=%s: there is nothing to bind with bdf=none",
			 cfg->bind);
	if (cfg->net && cfg->disk)
		complain(p, cfg->line_disk, "[disk]: the device is a network interface, says line %d; expected [net] or [disk]",
			 cfg->line_net);
	if (cfg->sound && (cfg->net || cfg->disk))
		complain(p, cfg->line_sound, "[sound]: the device is something else already, says line %d; expected one of [net], [disk] and [sound]",
			 cfg->net ? cfg->line_net : cfg->line_disk);
	if (cfg->sound && !cfg->snd_socket[0])
		snprintf(cfg->snd_socket, sizeof(cfg->snd_socket), UDRV_SND_DIR "/%s.snd", cfg->name);
	if (cfg->disk && !cfg->link[0])
		snprintf(cfg->link, sizeof(cfg->link), "%s", cfg->name);
	if (cfg->net && !cfg->ifname[0] && !p->complaints)
		snprintf(cfg->ifname, sizeof(cfg->ifname), "%.15s", cfg->name);
}

unsigned int udrvd_config_parse(FILE *in, const char *file, struct udrvd_config *cfg,
				FILE *errors)
{
	struct parser p = { .in = in, .errors = errors, .file = file, .cfg = cfg };
	int bad;

	set_defaults(cfg, file);
	bad = ini_parse_stream(next_line, &p, handle, &p);
	if (bad > 0)
		complain(&p, bad, "expected [section], key=value or a comment");
	else if (bad < 0)
		complain(&p, 0, "out of memory");
	if (ferror(in))
		complain(&p, 0, "%s", strerror(errno));
	check_whole(&p);
	return p.complaints;
}
