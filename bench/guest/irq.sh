#!/bin/bash
# SPDX-License-Identifier: MIT
# irq.sh OUT: the guest's half of the bench section "irq": each method of
# getting an interrupt in turn, each with its driver; a JSON object a line.

out=$1
# Reports nothing of its own, but can bind.
. /udrv/tests/vm/lib.sh
modprobe uio_pci_generic
insmod /udrv/bench/irq_kthread.ko

# method SLOT DRIVER NAME...
method() {
	local slot=$1 driver=$2 name status
	shift 2
	for name; do
		echo "  irq: $name"
		# Each begins with the device as its driver's probe leaves it.
		if ! bind "$slot" "$driver"; then
			echo "{\"name\": \"$name\", \"reason\": \"$driver does not bind\"}"
		else
			status=0
			"$BIN/irqcost" "$name" "$(bdf "$slot")" 2> /tmp/irqcost.err || status=$?
			cat /tmp/irqcost.err >&2
			[ $status = 0 ] || [ $status = 77 ] ||
				echo "{\"name\": \"$name\", \"reason\": \"irqcost: status $status\"}"
		fi >> "$out"
		unbind "$slot"
	done
}

method 08 vfio-pci vfio_intx vfio_msi
method 06 vfio-pci vfio_msix
method 08 uio_pci_generic uio_pci_generic
method 08 irq_kthread irq_kthread
method 08 udrv udrv_line udrv_intx udrv_msi udrv_intx_uring udrv_msi_uring
method 06 udrv udrv_msix

echo "  irq: a storm"
limit=/sys/module/udrv/parameters/storm_limit
usual=$(cat $limit)
# A real-time thread is stopped for 5 % of the time otherwise, storm or not.
echo -1 > /proc/sys/kernel/sched_rt_runtime_us
bind 08 udrv && timeout 120 "$BIN/stormcost" "$(bdf 08)" "$usual" 1000 100000 >> "$out"
echo "$usual" > $limit
