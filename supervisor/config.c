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

#include "config_keys.h"
#include "value.h"

#define MS	1000000ull
#define SEC	(1000 * MS)

__attribute__((format(printf, 3, 4)))
static void complain_at(struct parser *p, struct place at, const char *fmt, ...)
{
	va_list ap;

	fprintf(p->errors, at.line ? "%s:%d: " : "%s: ", at.line ? at.file : p->file, at.line);
	va_start(ap, fmt);
	vfprintf(p->errors, fmt, ap);
	va_end(ap);
	fputc('\n', p->errors);
	p->complaints++;
}

#define complain(p, line, ...) complain_at(p, (struct place){ (p)->file, line }, __VA_ARGS__)

static const char *const sections[UDRVD_SECTIONS] = {
	"device", "dma", "net", "disk", "sound", "restart", "sandbox", "held",
};

/* ---- the lines --------------------------------------------------------------- */

static void new_section(struct parser *p, const char *name, size_t len)
{
	p->known_section = false;
	for (size_t i = 0; i < UDRVD_SECTIONS && sections[i]; i++) {
		if (strlen(sections[i]) != len || memcmp(sections[i], name, len) != 0)
			continue;
		p->known_section = true;
		if (p->section[i].file == p->file)
			complain(p, p->line, "section [%s] is there already, in line %d",
				 sections[i], p->section[i].line);
		p->section[i] = (struct place){ p->file, p->line };
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
		 "unknown section [%.*s]; expected [device], [dma], [net], [disk], [sound], [restart], [sandbox] or [held]",
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
	for (const struct key *k = udrvd_keys; k->name; k++)
		if (!strcmp(k->section, section) && !strcmp(k->name, name))
			return k;
	return NULL;
}

static void unknown_key(struct parser *p, const char *section, const char *name)
{
	char known[160] = "";
	size_t at = 0;

	for (const struct key *k = udrvd_keys; k->name; k++)
		if (!strcmp(k->section, section) && at < sizeof(known))
			at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s",
					       at ? ", " : "", k->name);
	complain(p, p->line, "unknown key '%s' in [%s]; expected one of %s", name, section, known);
}

static int handle(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *p = arg;
	const struct key *key = find_key(section, name);
	struct place *at = key ? &p->key[key - udrvd_keys] : NULL;
	bool again = at && at->file == p->file;	/* a drop-in may give it anew */

	if (!*section)
		complain(p, p->line, "'%s' is above the first section; expected [device]", name);
	else if (!p->known_section)
		return 1;		/* the section was complained about */
	else if (!key)
		unknown_key(p, section, name);
	else if (again && p->indented && key->parse != udrvd_parse_options)
		complain(p, p->line, "an indented line goes on with the value above, which '%s' does not allow; begin it in the first column",
			 name);
	else if (again && !p->indented)
		complain(p, p->line, "'%s' is given already, in line %d", name, at->line);
	else {
		if (!again && key->parse == udrvd_parse_options)
			p->cfg->n_options = 0;
		if (key->parse(p, key, value))
			complain(p, p->line, "%s=%s: expected %s", name, value, key->expected);
	}
	if (at && !again)
		*at = (struct place){ p->file, p->line };
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
		.progress = 30 * SEC,
		.standby = true,
		.confine = true,
		.memory = 512u << 20,
		.held_timeout = 30 * SEC,
	};
	/* The group of /dev/snd, if there is one. */
	(void)udrvd_value_group("audio", &cfg->snd_group);
	snprintf(cfg->file, sizeof(cfg->file), "%s", file);
}

static struct place key_at(const struct parser *p, const char *section, const char *name)
{
	return p->key[find_key(section, name) - udrvd_keys];
}

/* The rings and the program itself need some, too.  A disk's driver locks all of
 * its memory, so that the arena counts for it and for the device. */
static uint64_t needed_memlock(const struct udrvd_config *cfg)
{
	if (cfg->disk)
		return 2 * cfg->arena + (16u << 20);
	return cfg->arena + (1u << 20) + (cfg->sound ? 2 * cfg->ring : 0);
}

static bool is_given(const struct parser *p, const char *section, const char *name)
{
	return key_at(p, section, name).line;
}

/* Where one class needs other values than the rest. */
static void set_class_defaults(struct parser *p)
{
	struct udrvd_config *cfg = p->cfg;

	/* The rings are memory of their own; what is left to map makes a gap when a
	 * driver is replaced. */
	if (cfg->sound && !is_given(p, "dma", "arena"))
		cfg->arena = 64u << 10;
	/* The IDE driver gives a drive three tries of 30 s, a flush of 60 s, and 31 s
	 * for the reset after each, and then fails the request: to be killed before
	 * that, it would begin anew for ever.  A driver that hangs itself is noticed
	 * much sooner by its watchdog. */
	if (cfg->disk && !is_given(p, "restart", "progress"))
		cfg->progress = 300 * SEC;
	/* Two channels after a reset, 31 s each, one after the other, and IDENTIFY. */
	if (cfg->disk && !is_given(p, "restart", "start_timeout"))
		cfg->start_timeout = 90 * SEC;
}

static void check_whole(struct parser *p)
{
	static const char *const needed[] = { "name", "bdf", "driver" };
	struct udrvd_config *cfg = p->cfg;
	uint64_t need;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!is_given(p, "device", needed[i]))
			complain(p, 0, "[device] has no '%s'; expected %s", needed[i],
				 find_key("device", needed[i])->expected);
	if (cfg->restart.backoff_min > cfg->restart.backoff_max)
		complain_at(p, key_at(p, "restart", "backoff_min"),
			 "backoff_min is more than backoff_max; expected at most as much");
	set_class_defaults(p);
	need = needed_memlock(cfg);
	if (cfg->memlock < need)
		complain_at(p, key_at(p, "dma", "memlock"),
			 "memlock is too low for the arena; expected %llu or more",
			 (unsigned long long)need);
	if (cfg->bind[0] && !strcmp(cfg->bdf, "none"))
		complain_at(p, key_at(p, "device", "bind"), "bind=%s: there is nothing to bind with bdf=none",
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

static void parse_lines(struct parser *p, FILE *in, const char *file)
{
	int bad;

	p->in = in;
	p->file = file;
	p->line = 0;
	p->known_section = false;
	bad = ini_parse_stream(next_line, p, handle, p);
	if (bad > 0)
		complain(p, bad, "expected [section], key=value or a comment");
	else if (bad < 0)
		complain(p, 0, "out of memory");
	if (ferror(in))
		complain(p, 0, "%s", strerror(errno));
}

unsigned int udrvd_config_parse(FILE *in, const char *file, struct udrvd_config *cfg,
				FILE *errors)
{
	struct parser p = { .errors = errors, .cfg = cfg };

	set_defaults(cfg, file);
	parse_lines(&p, in, file);
	check_whole(&p);
	return p.complaints;
}

static void parse_file(struct parser *p, const char *path)
{
	FILE *in = fopen(path, "re");

	p->file = path;
	if (!in) {
		complain(p, 0, "%s", strerror(errno));
		return;
	}
	parse_lines(p, in, path);
	fclose(in);
}

unsigned int udrvd_config_load(char *const *paths, unsigned int n, struct udrvd_config *cfg,
			       FILE *errors)
{
	struct parser p = { .errors = errors, .cfg = cfg };

	set_defaults(cfg, paths[0]);
	for (unsigned int i = 0; i < n; i++)
		parse_file(&p, paths[i]);
	/* What is missing is missing there. */
	p.file = paths[0];
	check_whole(&p);
	return p.complaints;
}
