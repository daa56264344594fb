# SPDX-License-Identifier: MIT
"""What of the kernel's log is known, and not the tests' business."""

# Splats that are the kernel's own, known to those who write it; all of the words must
# be in one, and nothing of udrv.
KNOWN = (
    # Linux 6.12 complains when a ring with IORING_SETUP_DEFER_TASKRUN ends before
    # the process that used it, with commands (ublk's) in it: the check in
    # io_lockdep_assert_cq_locked() expects that process then, and the work that ends
    # rings is right as well.  "A false positive": syzbot e333341d3d985e5173b2,
    # lore.kernel.org/all/13da163a-d088-4b4d-8ad1-dbf609b03228@gmail.com
    ("at io_get_cqe_overflow+", "Workqueue: iou_exit io_ring_exit_work",
     "__io_submit_flush_completions+", "io_uring_try_cancel_uring_cmd+"),
    # pciehp's thread takes its two locks in both orders by itself, when a card is plugged
    # in: since "PCI: pciehp: Fix AB-BA deadlock between reset_lock and device_lock"
    # (Linux 6.4) it takes reset_lock anew below pci_rescan_remove_lock.  The one thread
    # cannot wait for itself there: both times it has reset_lock for reading.
    ("possible circular locking dependency", "-> #1 (pci_rescan_remove_lock)",
     "-> #0 (&ctrl->reset_lock)", "pciehp_configure_device+", "1 lock held by irq/"),
)
# How splats begin, and how each ends: a warning's, and lockdep's.
ENDS = {"[ cut here ]": "[ end trace ", "=" * 50: " </TASK>"}


def without_known(lines):
    """The log without the splats that are KNOWN, each from its beginning to its end."""
    rest, splat, end = [], None, ""
    for line in lines:
        begin = next((b for b in ENDS if b in line), None)
        if begin:
            rest += splat or []     # one that another one interrupted
            splat, end = [], ENDS[begin]
        if splat is None:
            rest.append(line)
            continue
        splat.append(line)
        if end in line:
            rest += [] if is_known(splat) else splat
            splat = None
    return rest + (splat or [])


def is_known(splat):
    text = "\n".join(splat)
    return "[udrv]" not in text and any(all(word in text for word in words) for words in KNOWN)
