/* SPDX-License-Identifier: MIT */
/* backend_vfio.h - the VFIO backend's own seams. */
#ifndef UDRV_BACKEND_VFIO_H
#define UDRV_BACKEND_VFIO_H

#include <udrv/host.h>

#include "internal.h"

/* Where DMA mappings are made; fd: a container (type 1) or an iommufd. */
struct udrv_iommu_ops {
	const char *name;
	/* Add what the IOMMU can map to dev->iova. */
	int (*ranges)(struct udrv_dev *dev, int fd);
	int (*map)(int fd, void *va, size_t len, uint64_t iova);
	int (*unmap)(int fd, uint64_t iova, size_t len);
};
extern const struct udrv_iommu_ops udrv_iommu_type1, udrv_iommu_iommufd;
/* Addresses that this IOMMU can map. */
int udrv_vfio_add_range(struct udrv_dev *dev, uint64_t start, uint64_t last);

struct udrv_vfio {
	int device;
	int container;			/* -1: no DMA */
	int group;			/* ours to close; -1 under a supervisor */
	bool own;			/* we opened them */
	int irq;			/* readable INTx descriptor of udrv.ko, -1: none */
	int isa[2];			/* the same of lines 14 and 15; both or none */
	int request_fd;			/* eventfd: the kernel wants the device back */
	struct udrv_op request_op;
	struct udrv_dev *dev;
	bool can_reset;
	uint64_t config_off;
	uint64_t config_size;
	const struct udrv_iommu_ops *iommu;
	struct udrv_host_ports ports;	/* that we may use directly */
};

/* backend_vfio_irq.c */
unsigned int udrv_vfio_irq_count(struct udrv_dev *dev, enum udrv_irq_type type);
int udrv_vfio_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq);
void udrv_vfio_watch_request(struct udrv_dev *dev);

/* backend_vfio_bar.c */
int udrv_vfio_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);
void udrv_vfio_bar_unmap(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);

/* backend_vfio_ports.c */
/* Pure: UDRV_PORTS.  -EINVAL */
int udrv_vfio_ports_parse(const char *text, struct udrv_host_ports *ports);
/* What our supervisor says. */
int udrv_vfio_ports_inherit(struct udrv_dev *dev, struct udrv_vfio *v);
/* BAR n, of which bar has the length only, as ports; false: not this one. */
bool udrv_vfio_ports_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar);

#endif /* UDRV_BACKEND_VFIO_H */
