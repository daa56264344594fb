// SPDX-License-Identifier: MIT
/* config_files.c - many devices' files, and what they must not have in common. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

#define DROP_INS	32		/* of one device */
/* Numbers that Linux distributions leave unused (systemd's "Users, Groups, UIDs
 * and GIDs"), as many as there will hardly be devices. */
#define USER_FIRST	200000u
#define USERS		65536u

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len > tail && !strcmp(name + len - tail, end);
}

static int is_ini(const struct dirent *e)
{
	return e->d_name[0] != '.' && ends_with(e->d_name, ".ini");
}

static int is_conf(const struct dirent *e)
{
	return e->d_name[0] != '.' && ends_with(e->d_name, ".conf");
}

/* Of DIR/NAME.ini: what ends in .conf in DIR/NAME.conf.d.  -ENOSPC: too many */
static int add_drop_ins(const char *path, char **paths, unsigned int *n)
{
	size_t stem = strlen(path) - (ends_with(path, ".ini") ? 4 : 0);
	struct dirent **list;
	char dir[512];
	int found, ret = 0;

	if ((size_t)snprintf(dir, sizeof(dir), "%.*s.conf.d", (int)stem, path) >= sizeof(dir))
		return 0;
	found = scandir(dir, &list, is_conf, alphasort);
	if (found < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < found; i++) {
		if (*n > DROP_INS)
			ret = -ENOSPC;
		else if (asprintf(&paths[*n], "%s/%s", dir, list[i]->d_name) < 0)
			ret = -ENOMEM;
		else
			++*n;
		free(list[i]);
	}
	free(list);
	return ret;
}

static unsigned int add_file(struct udrvd_configs *all, const char *path, FILE *errors)
{
	char *paths[DROP_INS + 1] = { (char *)path };
	unsigned int complaints = 1, n = 1;
	struct udrvd_config *more;
	int ret;

	more = realloc(all->cfg, (all->n + 1) * sizeof(*more));
	if (!more) {
		fprintf(errors, "%s: out of memory\n", path);
		return 1;
	}
	all->cfg = more;
	ret = add_drop_ins(path, paths, &n);
	if (ret)
		fprintf(errors, "%s: its drop-ins: %s\n", path, ret == -ENOSPC ?
			"expected 32 at most" : strerror(-ret));
	else
		complaints = udrvd_config_load(paths, n, &all->cfg[all->n++], errors);
	while (n > 1)
		free(paths[--n]);
	return complaints;
}

static unsigned int add_dir(struct udrvd_configs *all, const char *dir, FILE *errors)
{
	unsigned int complaints = 0;
	struct dirent **list;
	char path[512];
	int n;

	n = scandir(dir, &list, is_ini, alphasort);
	if (n < 0) {
		fprintf(errors, "%s: %s\n", dir, strerror(errno));
		return 1;
	}
	for (int i = 0; i < n; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name) >=
		    sizeof(path)) {
			fprintf(errors, "%s/%s: the path is too long\n", dir, list[i]->d_name);
			complaints++;
		} else {
			complaints += add_file(all, path, errors);
		}
		free(list[i]);
	}
	free(list);
	return complaints;
}

unsigned int udrvd_configs_add(struct udrvd_configs *all, const char *path, FILE *errors)
{
	struct stat st;

	if (stat(path, &st)) {
		fprintf(errors, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	return S_ISDIR(st.st_mode) ? add_dir(all, path, errors) : add_file(all, path, errors);
}

static bool clash(const char *a, const char *b)
{
	return *a && !strcmp(a, b);
}

unsigned int udrvd_configs_check(const struct udrvd_configs *all, FILE *errors)
{
	unsigned int complaints = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct udrvd_config *a = &all->cfg[i];

		for (size_t j = 0; j < i; j++) {
			const struct udrvd_config *b = &all->cfg[j];

			if (clash(a->name, b->name))
				complaints += !!fprintf(errors,
					"%s:%d: name=%s is taken already, in %s:%d\n", a->file,
					a->line_name, a->name, b->file, b->line_name);
			if (clash(a->bdf, b->bdf) && strcmp(a->bdf, "none") != 0)
				complaints += !!fprintf(errors,
					"%s:%d: device %s is taken already, in %s:%d\n", a->file,
					a->line_bdf, a->bdf, b->file, b->line_bdf);
			if (clash(a->ifname, b->ifname))
				complaints += !!fprintf(errors,
					"%s:%d: interface %s is taken already, in %s:%d\n", a->file,
					a->line_net, a->ifname, b->file, b->line_net);
			if (clash(a->snd_socket, b->snd_socket))
				complaints += !!fprintf(errors,
					"%s:%d: socket %s is taken already, in %s:%d\n", a->file,
					a->line_sound, a->snd_socket, b->file, b->line_sound);
			if (clash(a->link, b->link))
				complaints += !!fprintf(errors,
					"%s:%d: the disks' link=%s is taken already, in %s:%d\n", a->file,
					a->line_disk, a->link, b->file, b->line_disk);
		}
	}
	return complaints;
}

static bool has_user(const struct udrvd_configs *all, uid_t user)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->cfg[i].user == user)
			return true;
	return false;
}

/* From the name, so that it stays the same when other devices come and go, and
 * the drivers of another udrvd hardly have it. */
static uid_t user_of(const char *name)
{
	uint32_t hash = 2166136261u;		/* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return USER_FIRST + (hash ^ hash >> 16) % USERS;
}

void udrvd_configs_users(const struct udrvd_configs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct udrvd_config *cfg = &all->cfg[i];
		uid_t user = user_of(cfg->name);

		if (cfg->user)
			continue;
		while (has_user(all, user))
			user = USER_FIRST + (user + 1 - USER_FIRST) % USERS;
		cfg->user = user;
		if (!cfg->group_given)
			cfg->group = user;
	}
}

void udrvd_configs_free(struct udrvd_configs *all)
{
	free(all->cfg);
	*all = (struct udrvd_configs){ 0 };
}
