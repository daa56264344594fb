// SPDX-License-Identifier: MIT
/* config_keys.c - what each key of a device's file may be. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <udrv/host.h>

#include "config_keys.h"
#include "value.h"

#define MS	1000000ull
#define SEC	(1000 * MS)
#define NOBODY	65534

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

int udrvd_parse_options(struct parser *p, const struct key *key, const char *value)
{
	struct udrvd_config *cfg = p->cfg;
	int ret;

	while ((ret = udrvd_value_word(&value, cfg->options, &cfg->n_options, UDRVD_OPTIONS)) > 0)
		if (!udrvd_value_is_option(cfg->options[cfg->n_options - 1]))
			return -EINVAL;
	return ret;
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

static int parse_yes(struct parser *p, const struct key *key, const char *value)
{
	bool yes = !strcmp(value, "yes");

	*(bool *)member(p, key) = yes;
	return yes || !strcmp(value, "no") ? 0 : -EINVAL;
}

static int parse_files(struct parser *p, const struct key *key, const char *value)
{
	struct udrvd_config *cfg = p->cfg;
	int ret;

	cfg->n_files = 0;		/* a drop-in replaces the whole list */
	while ((ret = udrvd_value_word(&value, cfg->files, &cfg->n_files, UDRVD_FILES)) > 0)
		if (cfg->files[cfg->n_files - 1][0] != '/')
			return -EINVAL;
	return ret;
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

static int parse_command(struct parser *p, const struct key *key, const char *value)
{
	if (value[0] != '/' || strlen(value) >= sizeof(p->cfg->held_command))
		return -EINVAL;
	strcpy(p->cfg->held_command, value);
	return 0;
}

static int parse_held_user(struct parser *p, const struct key *key, const char *value)
{
	p->cfg->held_group = NOBODY;
	return udrvd_value_user(value, &p->cfg->held_user, &p->cfg->held_group);
}

#define MEMBER(m) offsetof(struct udrvd_config, m)

const struct key udrvd_keys[] = {
	{ "device", "name", parse_name, 0, 0, 0,
	  "1 to 31 of the letters a-z, 0-9, '-', '_', '.', not '-' or '.' first" },
	{ "device", "bdf", parse_bdf, 0, 0, 0, "a PCI address such as 0000:00:04.0, or none" },
	{ "device", "driver", parse_driver, 0, 0, 0, "the absolute path of a driver program" },
	{ "device", "options", udrvd_parse_options, 0, 0, 0,
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
	  "1 to 31 of the letters a-z, 0-9, '-', '_', '.', not '-' or '.' first" },
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
	{ "restart", "progress", parse_time, MEMBER(progress), 0, 3600 * SEC,
	  "a time up to 1h such as 30s, or 0 for none" },
	{ "restart", "standby", parse_yes, MEMBER(standby), 0, 0, "yes or no" },
	{ "sandbox", "confine", parse_yes, MEMBER(confine), 0, 0, "yes or no" },
	{ "sandbox", "memory", parse_size, MEMBER(memory), 16u << 20, 1ull << 40,
	  "a multiple of 4K of 16M or more, such as 512M" },
	{ "sandbox", "core", parse_yes, MEMBER(core), 0, 0, "yes or no" },
	{ "sandbox", "files", parse_files, 0, 0, 0,
	  "up to 8 absolute paths with blanks between them" },
	{ "sandbox", "user", parse_user, 0, 0, 0, "a user other than root, by name or number" },
	{ "sandbox", "group", parse_group, 0, 0, 0, "a group other than root, by name or number" },
	{ "held", "command", parse_command, 0, 0, 0, "the absolute path of a program" },
	{ "held", "user", parse_held_user, 0, 0, 0, "a user, by name or number" },
	{ "held", "timeout", parse_time, MEMBER(held_timeout), 10 * MS, 3600 * SEC,
	  "a time from 10ms to 1h, such as 30s" },
	{ NULL, NULL, NULL, 0, 0, 0, NULL }
};
