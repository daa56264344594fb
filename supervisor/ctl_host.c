// SPDX-License-Identifier: MIT
/* ctl_host.c - udrvctl list, bind, unbind. */
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <pci/pci.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <udrv/host.h>

#include "ctl_host.h"
#include "ctl_saved.h"

#define EXIT_REFUSED	1
#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

static int usage(const char *text)
{
	fprintf(stderr, "usage: udrvctl %s\n", text);
	return EXIT_USAGE;
}

/* Why we would not bind it, or who has it: one short note. */
static void note(const struct udrv_host_info *i, char *text, size_t size)
{
	if (i->user[0])
		snprintf(text, size, "%s", i->user);
	else if (i->iommu_group < 0)
		snprintf(text, size, "no IOMMU group");
	else if (i->group_others)
		snprintf(text, size, "group shared with %s", i->group_other);
	else
		text[0] = '\0';
}

static void print_row(const struct udrv_host_info *i, const char *class)
{
	char id[16], group[16] = "-", text[160];

	snprintf(id, sizeof(id), "%04x:%04x", i->vendor, i->device);
	if (i->iommu_group >= 0)
		snprintf(group, sizeof(group), "%d", i->iommu_group);
	note(i, text, sizeof(text));
	printf("%-13s %-10s %-26.26s %-12.12s %5s%s%s\n", i->bdf, id, class,
	       i->driver[0] ? i->driver : "-", group, text[0] ? "  " : "", text);
}

static struct json_object *text_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

static struct json_object *json_row(const struct udrv_host_info *i, const char *class)
{
	struct json_object *o = json_object_new_object();
	char hex[16];

	json_object_object_add(o, "device", json_object_new_string(i->bdf));
	snprintf(hex, sizeof(hex), "%04x:%04x", i->vendor, i->device);
	json_object_object_add(o, "id", json_object_new_string(hex));
	snprintf(hex, sizeof(hex), "%06x", i->class_code);
	json_object_object_add(o, "class", json_object_new_string(hex));
	json_object_object_add(o, "class_name", json_object_new_string(class));
	json_object_object_add(o, "driver", text_or_null(i->driver));
	json_object_object_add(o, "iommu_group",
			       i->iommu_group < 0 ? NULL : json_object_new_int(i->iommu_group));
	json_object_object_add(o, "group_shared_with", text_or_null(i->group_other));
	json_object_object_add(o, "user", text_or_null(i->user));
	return o;
}

/* rows: NULL for a table. */
static void list_device(const char *bdf, struct pci_access *names, struct json_object *rows)
{
	struct udrv_host_info i;
	char buf[64], *class;

	/* It went away meanwhile, or its domain is too large for us. */
	if (udrv_host_info(bdf, &i, NULL))
		return;
	class = pci_lookup_name(names, buf, sizeof(buf), PCI_LOOKUP_CLASS,
				(int)(i.class_code >> 8));
	if (rows)
		json_object_array_add(rows, json_row(&i, class));
	else
		print_row(&i, class);
}

int udrvctl_list(int argc, char *argv[], bool json)
{
	struct json_object *rows = NULL;
	struct pci_access *names;
	struct dirent **entries;
	int n;

	if (argc > 1)
		return usage("list [--json] (without a device: it lists them all)");
	n = scandir("/sys/bus/pci/devices", &entries, NULL, alphasort);
	if (n < 0) {
		fprintf(stderr, "udrvctl: /sys/bus/pci/devices: %s\n", strerror(errno));
		return EXIT_SYSTEM;
	}
	names = pci_alloc();	/* only for the names of classes */
	pci_init(names);
	if (json)
		rows = json_object_new_array();
	else
		printf("%-13s %-10s %-26s %-12s %5s  %s\n", "DEVICE", "ID", "CLASS", "DRIVER",
		       "GROUP", "NOTE");
	for (int e = 0; e < n; e++) {
		if (entries[e]->d_name[0] != '.')
			list_device(entries[e]->d_name, names, rows);
		free(entries[e]);
	}
	free(entries);
	if (rows)
		puts(json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PRETTY));
	json_object_put(rows);
	pci_cleanup(names);
	if (fflush(stdout)) {
		fprintf(stderr, "udrvctl: stdout: %s\n", strerror(errno));
		return EXIT_SYSTEM;
	}
	return 0;
}

/* ---- bind, unbind --------------------------------------------------------------- */

struct job {
	const char *driver;		/* NULL: unbind, or what is saved */
	bool saved;			/* bind as it is saved */
	bool save;			/* and keep it so over reboots */
	struct json_object *rows;	/* what became of each; NULL: as text */
};

/* The kernel's driver: what --driver or a file says may not be loaded yet. */
static void load_module(const char *driver)
{
	char *argv[] = { "modprobe", "-q", (char *)driver, NULL }, path[64];
	pid_t pid;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver);
	/* If that fails, binding says that the driver is not there. */
	if (access(path, F_OK) && !posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static int let_go(const char *bdf, bool forget, struct udrv_error *err)
{
	struct udrv_host_info i;
	int ret;

	if (!forget)
		return udrv_host_unbind(bdf, err);
	ret = udrvctl_forget(bdf, err);
	/* That may be all there is to do: it may even be unplugged. */
	if (ret || udrv_host_info(bdf, &i, NULL) ||
	    (strcmp(i.driver, "udrv") != 0 && strcmp(i.driver, "vfio-pci") != 0))
		return ret;
	return udrv_host_unbind(bdf, err);
}

static int change(const char *bdf, const struct job *job, struct udrv_error *err)
{
	const char *driver = job->driver;
	char saved[32];
	int ret;

	if (job->saved) {
		ret = udrvctl_saved(bdf, saved, err);
		if (ret)
			return ret;
		driver = saved;
	}
	if (!driver)
		return let_go(bdf, job->save, err);
	load_module(driver);
	ret = udrv_host_bind(bdf, driver, err);
	return ret || !job->save ? ret : udrvctl_save(bdf, driver, err);
}

/* What a boot makes of it; "": nothing is saved, or that is what was asked for. */
static void saved_as(const char *bdf, const struct job *job, char saved[32])
{
	if (job->driver || job->saved || udrvctl_saved(bdf, saved, &(struct udrv_error){ 0 }))
		saved[0] = '\0';
}

/* What became of it. */
static void say_driver(const char *bdf, const struct job *job)
{
	struct udrv_host_info i;
	struct json_object *o;
	char saved[32];

	if (udrv_host_info(bdf, &i, NULL))
		return;
	saved_as(i.bdf, job, saved);
	if (job->rows) {
		o = json_object_new_object();
		json_object_object_add(o, "device", json_object_new_string(i.bdf));
		json_object_object_add(o, "driver", text_or_null(i.driver));
		json_object_object_add(o, "next_boot", text_or_null(saved));
		json_object_array_add(job->rows, o);
		return;
	}
	printf("%s: driver %s\n", i.bdf, i.driver[0] ? i.driver : "none");
	if (saved[0])
		printf("%s: will be bound to %s again at the next boot; unbind --save forgets that\n",
		       i.bdf, saved);
}

static void say_error(const char *word, const struct job *job, const char *text)
{
	struct json_object *o;

	fprintf(stderr, "udrvctl: %s\n", text);
	if (!job->rows)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "device", json_object_new_string(word));
	json_object_object_add(o, "error", json_object_new_string(text));
	json_object_array_add(job->rows, o);
}

/* An exit status. */
static int one(const char *word, const struct job *job)
{
	char bdf[UDRV_BDF_LEN];
	struct udrv_error err;
	int ret = udrv_host_bdf(word, bdf, &err);

	if (!ret)
		ret = change(bdf, job, &err);
	if (!ret) {
		say_driver(bdf, job);
		return 0;
	}
	say_error(word, job, err.text);
	return ret == -EACCES ? EXIT_SYSTEM : EXIT_REFUSED;
}

/* All of the devices are tried; the worst result counts. */
static int for_each(char *argv[], const struct job *job)
{
	char bdf[UDRV_BDF_LEN];
	struct udrv_error err;
	int worst = 0;

	/* A slip of the finger should not leave half of the work done. */
	for (char **a = argv; *a; a++)
		if (udrv_host_bdf(*a, bdf, &err)) {
			fprintf(stderr, "udrvctl: %s\n", err.text);
			return EXIT_USAGE;
		}
	for (; *argv; argv++) {
		int status = one(*argv, job);

		if (status > worst)
			worst = status;
	}
	return worst;
}

/* One that is saved: not there now, or not ours, is no error. */
static int restore(const char *bdf, void *arg)
{
	struct udrv_host_info i;
	struct udrv_error err;
	char driver[32];

	if (udrvctl_saved(bdf, driver, &err) == -ENOENT || udrv_host_info(bdf, &i, &err))
		return 0;
	return one(bdf, arg);
}

/* The better one that is there.  With neither, the refusal names udrv. */
static const char *default_driver(void)
{
	if (!access("/sys/bus/pci/drivers/udrv", F_OK) ||
	    access("/sys/bus/pci/drivers/vfio-pci", F_OK))
		return "udrv";
	fprintf(stderr, "udrvctl: udrv.ko is not loaded: binding to vfio-pci, which does for drivers "
		"but has no /proc/irq/N/irq\n");
	return "vfio-pci";
}

/* Prints the rows, if there are to be any; the status is passed on. */
static int finish(const struct job *job, int status)
{
	if (job->rows)
		puts(json_object_to_json_string_ext(job->rows, JSON_C_TO_STRING_PRETTY));
	json_object_put(job->rows);
	return status;
}

int udrvctl_bind(int argc, char *argv[], bool json)
{
	static const char text[] =
		"bind [--save] [--driver udrv|vfio-pci] BDF..., or bind --saved [BDF...] (addresses: udrvctl list)";
	struct job job = { 0 };

	for (argv++; *argv && **argv == '-'; argv++) {
		if (!strcmp(*argv, "--save")) {
			job.save = true;
		} else if (!strcmp(*argv, "--saved")) {
			job.saved = true;
		} else if (!strcmp(*argv, "--driver") && argv[1]) {
			job.driver = *++argv;
			if (strcmp(job.driver, "udrv") != 0 && strcmp(job.driver, "vfio-pci") != 0)
				return usage(text);
		} else {
			return usage(text);
		}
	}
	if (job.saved && (job.save || job.driver))
		return usage(text);
	if (!job.saved && !*argv)
		return usage(text);
	if (!job.saved && !job.driver)
		job.driver = default_driver();
	job.rows = json ? json_object_new_array() : NULL;
	return finish(&job, *argv ? for_each(argv, &job) : udrvctl_saved_each(restore, &job));
}

int udrvctl_unbind(int argc, char *argv[], bool json)
{
	struct job job = { 0 };

	argv++;
	if (*argv && !strcmp(*argv, "--save")) {
		job.save = true;
		argv++;
	}
	if (!*argv || **argv == '-')
		return usage("unbind [--save] BDF... (addresses: udrvctl list)");
	job.rows = json ? json_object_new_array() : NULL;
	return finish(&job, for_each(argv, &job));
}
