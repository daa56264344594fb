/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels we build for: 6.1, 6.12 and newer.  Kbuild
 * says which of these members the kernel's struct vfio_device_ops has.
 */
#ifndef KSHIM_COMPAT_H
#define KSHIM_COMPAT_H

/* 6.2: iommufd as an alternative to the container. */
#ifdef UDRV_HAS_bind_iommufd
#define UDRV_BIND_OPS							\
	.bind_iommufd	= vfio_iommufd_physical_bind,			\
	.unbind_iommufd	= vfio_iommufd_physical_unbind,			\
	.attach_ioas	= vfio_iommufd_physical_attach_ioas,
#else
#define UDRV_BIND_OPS
#endif

/* 6.6: an address space can be left while the device is open. */
#ifdef UDRV_HAS_detach_ioas
#define UDRV_DETACH_OPS							\
	.detach_ioas	= vfio_iommufd_physical_detach_ioas,
#else
#define UDRV_DETACH_OPS
#endif

/* And there can be one for each process address space. */
#ifdef UDRV_HAS_pasid_attach_ioas
#define UDRV_PASID_OPS							\
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,	\
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define UDRV_PASID_OPS
#endif

/* A virtual function's secret can come with the bind. */
#ifdef UDRV_HAS_match_token_uuid
#define UDRV_TOKEN_OPS							\
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define UDRV_TOKEN_OPS
#endif

/* Where it exists, vfio_pci_core_ioctl() does not answer for regions. */
#ifdef UDRV_HAS_get_region_info_caps
#define UDRV_REGION_OPS							\
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define UDRV_REGION_OPS
#endif

#endif /* KSHIM_COMPAT_H */
