// SPDX-License-Identifier: MIT
/*
 * backend_vfio_ports.c - BARs of I/O ports without a system call for each access,
 * where this process was given leave (udrv/host.h).  It cannot ask the kernel
 * whether it was: our supervisor says so in UDRV_PORTS, and what it says must
 * agree with the device.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend_vfio.h"

#define CLASS_IDE	0x0101u
#define PROG_IF_NATIVE	0x05u

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>

static uint32_t port_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	const struct udrv_host_port *p = bar->io_arg;
	uint16_t port = (uint16_t)(p->first + off);
	uint32_t val;

	if (off > bar->len || width > bar->len - off)
		return 0xffffffff;
	val = width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
	udrv_dma_rmb();
	return val;
}

static void port_write(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val)
{
	const struct udrv_host_port *p = bar->io_arg;
	uint16_t port = (uint16_t)(p->first + off);

	if (off > bar->len || width > bar->len - off)
		return;
	udrv_dma_wmb();
	if (width == 1)
		outb((uint8_t)val, port);
	else if (width == 2)
		outw((uint16_t)val, port);
	else
		outl(val, port);
}

static const struct udrv_bar_io port_io = { .read = port_read, .write = port_write };
static const struct udrv_bar_io *const io = &port_io;
#else
static const struct udrv_bar_io *const io;
#endif

/* Does the device have these ports as this BAR?  An IDE function in
 * compatibility mode has fixed ones, whatever its BARs say. */
static bool is_its_own(struct udrv_dev *dev, unsigned int n, const struct udrv_host_port *p)
{
	static const struct udrv_host_port legacy[] = {
		{ 0x1f0, 8 }, { 0x3f6, 1 }, { 0x170, 8 }, { 0x376, 1 },
	};
	uint32_t bar, class, prog_if;

	if (udrv_config_read(dev, PCI_BASE_ADDRESS_0 + 4 * n, 4, &bar) ||
	    udrv_config_read(dev, PCI_CLASS_DEVICE, 2, &class) ||
	    udrv_config_read(dev, PCI_CLASS_PROG, 1, &prog_if))
		return false;
	if (class == CLASS_IDE && n < 4 && !(prog_if & PROG_IF_NATIVE & 1u << (n & 2)))
		return p->first == legacy[n].first && p->count == legacy[n].count;
	return bar & PCI_BASE_ADDRESS_SPACE_IO &&
	       (bar & PCI_BASE_ADDRESS_IO_MASK) == p->first;
}

int udrv_vfio_ports_parse(const char *text, struct udrv_host_ports *ports)
{
	unsigned int n, first, count;
	int used;

	memset(ports, 0, sizeof(*ports));
	if (!strcmp(text, "none"))
		return 0;
	for (;;) {
		if (sscanf(text, "%1u:%4x+%3u%n", &n, &first, &count, &used) != 3 ||
		    n >= UDRV_HOST_BARS || !count || first + count > 0x10000)
			return -EINVAL;
		ports->bar[n] = (struct udrv_host_port){ (uint16_t)first, (uint16_t)count };
		text += used;
		if (!*text)
			return 0;
		if (*text++ != ',')
			return -EINVAL;
	}
}

int udrv_vfio_ports_inherit(struct udrv_dev *dev, struct udrv_vfio *v)
{
	const char *text = getenv("UDRV_PORTS");
	int ret = text ? udrv_vfio_ports_parse(text, &v->ports) : 0;

	if (ret)
		udrv_log(dev, UDRV_ERR, "UDRV_PORTS=%s: expected none or BAR:FIRST+COUNT,... as in 0:1f0+8,4:c040+16",
			 text);
	return ret;
}

bool udrv_vfio_ports_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	struct udrv_vfio *v = dev->backend_data;
	struct udrv_host_port *p = &v->ports.bar[n];

	if (!io || !p->count)
		return false;
	if (p->count != bar->len || !is_its_own(dev, n, p)) {
		udrv_log(dev, UDRV_WARN, "ports %x to %x are not BAR %u of this device: they are left alone",
			 p->first, p->first + p->count - 1, n);
		return false;
	}
	bar->io = io;
	bar->io_arg = p;
	udrv_log(dev, UDRV_DEBUG, "BAR %u: ports %x to %x, directly", n, p->first,
		 p->first + p->count - 1);
	return true;
}
