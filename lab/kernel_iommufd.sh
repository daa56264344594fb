#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel_iommufd.sh SOURCE DIR: the lab's own kernel with iommufd and VFIO's
# device nodes, which Debian leaves out and other distributions have.  Both are
# modules, so nothing else is built: SOURCE is the unpacked linux-source.
# DIR gets headers/ (whose configuration says so, for udrv.ko) and boot/.

. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/recipe.sh"

source=$1 dir=$2
lab=$(root_dir)
release=$(cat "$lab/release")
headers=usr/src/linux-headers-$release
config=include/generated/autoconf.h

# ---- the modules' sources, with Makefiles for these only ---------------------

work=$dir/work
mkdir -p "$work/iommufd"
cp -r "$source/drivers/vfio" "$work/"
cp "$source"/drivers/iommu/iommufd/*.[ch] "$work/iommufd/"
cp "$source/drivers/iommu/iommu-priv.h" "$work/"
cp "$source/lib/interval_tree.c" "$work/iommufd/spans.c"
rm "$work/vfio/Makefile" "$work/vfio/pci/Makefile"
echo 'obj-m := iommufd/ vfio/' > "$work/Kbuild"
# Debian's kernel has no interval_tree_span_iter_*(); the rest of the file, which
# it has, stays the module's own.
cat > "$work/iommufd/Kbuild" <<-'END'
	ccflags-y += -DCONFIG_INTERVAL_TREE_SPAN_ITER=1
	CFLAGS_spans.o += -D__DISABLE_EXPORTS
	obj-m := iommufd.o
	iommufd-y := device.o fault.o hw_pagetable.o io_pagetable.o ioas.o main.o pages.o \
		     vfio_compat.o spans.o
END
cat > "$work/vfio/Kbuild" <<-'END'
	obj-m := vfio.o vfio_iommu_type1.o pci/
	vfio-y := vfio_main.o group.o container.o virqfd.o iommufd.o device_cdev.o
END
cat > "$work/vfio/pci/Kbuild" <<-'END'
	obj-m := vfio-pci-core.o vfio-pci.o
	vfio-pci-core-y := vfio_pci_core.o vfio_pci_intrs.o vfio_pci_rdwr.o vfio_pci_config.o
	vfio-pci-y := vfio_pci.o vfio_pci_igd.o
END

# ---- headers that say what this kernel has -----------------------------------

mkdir -p "$dir/headers/$headers/include/generated"
{
	cat "$lab/root/$headers/$config"
	echo '#define CONFIG_IOMMUFD_MODULE 1'
	echo '#define CONFIG_VFIO_DEVICE_CDEV 1'
} > "$dir/headers/$headers/$config"
grep -vP '\tdrivers/(vfio|iommu/iommufd)/' "$lab/root/$headers/Module.symvers" \
	> "$dir/headers/$headers/Module.symvers"

step "VFIO with iommufd for kernel $release" \
	unshare --mount --pid --fork --kill-child --propagation private \
	"$TOP/lab/in-kernel.sh" "$dir/headers" "$lab/root" "$TOP" "$work" \
	env -u MAKEFLAGS make -C "/$headers" M=/build modules ||
	die "the modules could not be built (see above)"
cat "$work/Module.symvers" >> "$dir/headers/$headers/Module.symvers"

# ---- what boots ---------------------------------------------------------------

boot=$dir/boot
tree=$dir/tree
mkdir -p "$boot" "$tree/usr/lib/modules"
cp -r "$lab/root/usr/lib/modules/$release" "$tree/usr/lib/modules/"
rm -rf "$tree/usr/lib/modules/$release/kernel/drivers/vfio" \
	"$tree/usr/lib/modules/$release"/{build,source}
mkdir "$tree/usr/lib/modules/$release/updates"
find "$work" -name '*.ko' -exec cp -t "$tree/usr/lib/modules/$release/updates" {} +
cp "$lab/vmlinuz" "$boot/"
unshare --mount --propagation private "$TOP/lab/kernel_boot.sh" "$tree" "$release" "$boot"
rm -r "$tree" "$work"
echo "$release" > "$dir/release"
