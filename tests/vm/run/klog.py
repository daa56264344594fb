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
)


def without_known(lines):
    """The log without the splats that are KNOWN, each from its "cut here" to its end."""
    rest, splat = [], None
    for line in lines:
        if "[ cut here ]" in line:
            rest += splat or []     # one that another one interrupted
            splat = []
        if splat is None:
            rest.append(line)
            continue
        splat.append(line)
        if "[ end trace " in line:
            rest += [] if is_known(splat) else splat
            splat = None
    return rest + (splat or [])


def is_known(splat):
    text = "\n".join(splat)
    return "[udrv]" not in text and any(all(word in text for word in words) for words in KNOWN)
