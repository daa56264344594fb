/* SPDX-License-Identifier: MIT */
/*
 * What needs privilege: finding a device, binding it, opening it through VFIO,
 * making its Linux endpoint.  udrvd, udrvctl and a stand-alone driver call
 * this; a supervised driver never does.
 *
 * Each call that can fail writes a sentence for the user into err (which may be
 * NULL): what is wrong, who is in the way, and what would help.
 */
#ifndef UDRV_HOST_H
#define UDRV_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <udrv/version.h>

struct udrv_error {
	char text[512];
};

#define UDRV_BDF_LEN	13	/* "0000:00:04.0" and its NUL */

/* Parse "0000:00:04.0" or "00:04.0" into the long form; -EINVAL. */
UDRV_API int udrv_host_bdf(const char *text, char bdf[UDRV_BDF_LEN], struct udrv_error *err);

struct udrv_host_info {
	char bdf[UDRV_BDF_LEN];
	uint16_t vendor, device;
	uint32_t class_code;		/* 24 bits: class, subclass, interface */
	char driver[32];		/* kernel driver bound now, "" if none */
	int iommu_group;		/* -1: none */
	unsigned int group_others;	/* other devices in that group that are in use
					 * by a driver other than udrv or vfio-pci */
	char group_other[UDRV_BDF_LEN];	/* one of them */
	char user[128];			/* who uses it: "interface eth0 is up", "/dev/sda1
					 * is mounted on /", "/dev/vfio/7 is open in
					 * process 812 (e1000)", or "" */
};

/* -ENODEV: no such device. */
UDRV_API int udrv_host_info(const char *bdf, struct udrv_host_info *info,
			    struct udrv_error *err);

/* Bind to "udrv" or "vfio-pci" through driver_override, and back to the
 * kernel's own choice (it may have none).  Refuses (-EBUSY) a device that is in
 * use, (-ENODEV) one without an IOMMU group, (-EPERM) one whose group has others
 * in use, (-EINVAL) bridges; -ENOENT: the driver's module is not loaded; -EIO:
 * the driver did not take it, and it is back where it was; -ETIMEDOUT: the old
 * driver does not let go.  Bound already is success. */
UDRV_API int udrv_host_bind(const char *bdf, const char *driver, struct udrv_error *err);
UDRV_API int udrv_host_unbind(const char *bdf, struct udrv_error *err);

/* Make sure that need bytes may be locked for DMA (RLIMIT_MEMLOCK), raising
 * the limit if we may; -ENOMEM: the limit is too low, and err says how to
 * raise it. */
UDRV_API int udrv_host_memlock(size_t need, struct udrv_error *err);

/* An opened device; -1 for what is not there. */
struct udrv_host_vfio {
	int container;		/* where DMA is mapped: a container with the type1v2
				 * IOMMU set, or an iommufd with a default IOAS */
	int group;		/* -1 with an iommufd */
	int device;
	int irq;		/* readable, blocking descriptor of INTx if bound to
				 * udrv, else -1; MSI is refused while it is open */
	int isa[2];		/* the same of lines 14 and 15, for an IDE function in
				 * compatibility mode, which has no INTx; both or none */
	/* Mapped for good, in ascending order: udrv_host_keep(). */
	unsigned int n_kept;
#define UDRV_HOST_KEPT	4
	struct udrv_host_map {
		uint64_t iova, len;
	} kept[UDRV_HOST_KEPT];
};
#define UDRV_HOST_CLOSED ((struct udrv_host_vfio){ .container = -1, .group = -1, .device = -1, \
						   .irq = -1, .isa = { -1, -1 } })

/* Open a device that is bound to udrv or vfio-pci; all O_CLOEXEC.  Through an
 * iommufd where the kernel has it; UDRV_IOMMU=type1 or iommufd overrides. */
UDRV_API int udrv_host_open(const char *bdf, struct udrv_host_vfio *v, struct udrv_error *err);
UDRV_API void udrv_host_close(struct udrv_host_vfio *v);

/*
 * I/O ports of a device's BARs (and of an IDE function in compatibility mode).
 * A process that the kernel gives leave to (ioperm(2), x86, CAP_SYS_RAWIO)
 * uses them without a system call; fork(), another user and exec() keep that.
 */
#define UDRV_HOST_BARS	6
struct udrv_host_ports {
	struct udrv_host_port {
		uint16_t first, count;		/* count 0: not ports */
	} bar[UDRV_HOST_BARS];
};
/* By the kernel's word; ports of the board itself (below 1000h, where no BAR is)
 * are left out. */
UDRV_API int udrv_host_ports(const char *bdf, struct udrv_host_ports *ports,
			     struct udrv_error *err);
/* For the calling process; async-signal-safe.  -ENOTSUP: not on this machine;
 * -EPERM: also if the kernel is locked down. */
UDRV_API int udrv_host_ports_allow(const struct udrv_host_ports *ports, bool on);
/* The ports that a process of ours could be allowed; none with UDRV_PORTS=none in
 * the environment.  Nothing is allowed afterwards. */
UDRV_API void udrv_host_ports_try(const char *bdf, struct udrv_host_ports *ports);
/* For a driver's UDRV_PORTS: "0:1f0+8,4:c040+16", or "none". */
UDRV_API void udrv_host_ports_text(const struct udrv_host_ports *ports, char *text, size_t size);

/* Let the device reach len bytes of a file, from off on, at an address that *map
 * says, for all drivers to come: it stays when their mappings are removed.  Whole
 * pages; -ENOSPC: there are UDRV_HOST_KEPT. */
UDRV_API int udrv_host_keep(struct udrv_host_vfio *v, int fd, uint64_t off, uint64_t len,
			    struct udrv_host_map *map);
/* Unmap everything but these (ascending).  If what is mapped does not go with
 * them, an error, and they may be gone. */
UDRV_API int udrv_host_dma_forget(int container, const struct udrv_host_map *kept, unsigned int n);

/* After the death of a driver: bus master off, interrupts off, generic reset
 * where the device has one, all DMA unmapped but what is kept (if that is in
 * order; else v->n_kept is 0 afterwards).  Each step is tried whatever
 * the others said; when[] gets CLOCK_MONOTONIC ns after each of them.  Returns
 * the first error; log may be NULL. */
enum udrv_quiesce {
	UDRV_QUIESCE_BUS_MASTER, UDRV_QUIESCE_IRQS, UDRV_QUIESCE_RESET,
	UDRV_QUIESCE_UNMAP, UDRV_QUIESCE_STEPS
};
struct udrv_quiesce_log {
	uint64_t when[UDRV_QUIESCE_STEPS];
	int result[UDRV_QUIESCE_STEPS];		/* 0, -errno; -ENOTSUP: has no reset */
};
UDRV_API int udrv_host_quiesce(struct udrv_host_vfio *v, struct udrv_quiesce_log *log);
/* Only the interrupts: for a device that the next driver, which comes at once,
 * will stop by itself. */
UDRV_API int udrv_host_irqs_off(const struct udrv_host_vfio *v);

/* A network interface whose other end is the descriptor: TAP with vnet headers
 * (struct virtio_net_hdr, 10 bytes), non-blocking, carrier off; it lives as long
 * as the descriptor or its copies.  ifname may hold a %d pattern and gets the
 * real name; -EBUSY: it exists.  alias: shown by ip link, or NULL. */
UDRV_API int udrv_host_tap(char ifname[16], const char *alias, int *fd, struct udrv_error *err);

#endif /* UDRV_HOST_H */
