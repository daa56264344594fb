// SPDX-License-Identifier: MIT
/*
 * ports.c - a device's I/O ports: which ones it has, and the kernel's leave to
 * use them without a system call (ioperm(2), x86 only).  The leave belongs to
 * one process; fork(), a change of the user and exec() keep it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"

#define IORESOURCE_IO	0x100u
/* Linux gives PCI devices no ports below this: there are the board's own chips,
 * and the way to everybody's configuration space (cf8 to cff). */
#define FIRST_PCI_PORT	0x1000u
#define MAX_PORTS	256u		/* PCI 3.0, 6.2.5.1: the most of a BAR */

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>

static int set_leave(unsigned int first, unsigned int count, bool on)
{
	return ioperm(first, count, on) ? -errno : 0;
}
#else
static int set_leave(unsigned int first, unsigned int count, bool on)
{
	return -ENOTSUP;
}
#endif

/* An IDE function in compatibility mode has these instead of BARs. */
static bool is_legacy_ide(uint64_t first, uint64_t count)
{
	return ((first == 0x1f0 || first == 0x170) && count == 8) ||
	       ((first == 0x3f6 || first == 0x376) && count == 1);
}

/* A line of sysfs' "resource": first, last, flags. */
static void take(struct udrv_host_port *p, const char *line)
{
	unsigned long long first, last, flags;

	if (sscanf(line, "%llx %llx %llx", &first, &last, &flags) != 3 ||
	    !(flags & IORESOURCE_IO) || last > 0xffff || first > last ||
	    last - first >= MAX_PORTS)
		return;
	if (first < FIRST_PCI_PORT && !is_legacy_ide(first, last - first + 1))
		return;
	p->first = (uint16_t)first;
	p->count = (uint16_t)(last - first + 1);
}

int udrv_host_ports(const char *bdf, struct udrv_host_ports *ports, struct udrv_error *err)
{
	char path[128], line[128];
	FILE *f;
	int ret;

	memset(ports, 0, sizeof(*ports));
	ret = udrv_host_path(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	if (ret)
		return ret;
	f = fopen(path, "re");
	if (!f)
		return udrv_host_fail(err, -errno, "%s: %s", path, strerror(errno));
	for (unsigned int n = 0; n < UDRV_HOST_BARS && fgets(line, sizeof(line), f); n++)
		take(&ports->bar[n], line);
	fclose(f);
	return 0;
}

int udrv_host_ports_allow(const struct udrv_host_ports *ports, bool on)
{
	int ret = 0;

	for (unsigned int n = 0; n < UDRV_HOST_BARS && !ret; n++)
		if (ports->bar[n].count)
			ret = set_leave(ports->bar[n].first, ports->bar[n].count, on);
	return ret;
}

void udrv_host_ports_try(const char *bdf, struct udrv_host_ports *ports)
{
	const char *wish = getenv("UDRV_PORTS");

	if (udrv_host_ports(bdf, ports, NULL) || (wish && !strcmp(wish, "none")) ||
	    udrv_host_ports_allow(ports, true))
		memset(ports, 0, sizeof(*ports));
	udrv_host_ports_allow(ports, false);
}

void udrv_host_ports_text(const struct udrv_host_ports *ports, char *text, size_t size)
{
	size_t at = 0;

	snprintf(text, size, "none");
	for (unsigned int n = 0; n < UDRV_HOST_BARS && at < size; n++)
		if (ports->bar[n].count)
			at += (size_t)snprintf(text + at, size - at, "%s%u:%x+%u", at ? "," : "", n,
					       ports->bar[n].first, ports->bar[n].count);
}
