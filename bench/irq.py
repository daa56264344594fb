# SPDX-License-Identifier: MIT
"""Section irq: what an interrupt costs until a user program has served it, in
instructions, by every way there is to get one (bench/irqcost.c says what is
counted).  The lab's machine "icount" counts exactly, whatever the host does."""


import guest_half

TIMEOUT = 600       # a minute when the host has nothing else to do
# A row of the picture and of the report; what it is compared with.
METHODS = {
    "vfio_intx": "VFIO INTx: eventfd, unmask by ioctl",
    "vfio_msi": "VFIO MSI: eventfd",
    "vfio_msix": "VFIO MSI-X: eventfd (82574L)",
    "uio_pci_generic": "UIO: uio_pci_generic, unmask by config write",
    "irq_kthread": "in-kernel threaded handler wakes a reader",
    "udrv_line": "udrv: /proc/irq/N/irq",
    "udrv_intx": "udrv: INTx descriptor",
    "udrv_msi": "udrv: MSI descriptor",
    "udrv_msix": "udrv: MSI-X descriptor (82574L)",
    "udrv_intx_uring": "udrv: INTx descriptor, io_uring",
    "udrv_msi_uring": "udrv: MSI descriptor, io_uring",
}
STORM = "storm"     # a device that never falls silent (bench/stormcost.c)
USUAL_LIMIT = "20000"
STORM_AIM = 0.5     # docs/irq.md
BASE = "vfio_intx"
AIM = 0.85


def read_rows(path):
    """{method: its row}; a method that wrote none has a reason instead."""
    rows = {row.pop("name"): row for row in guest_half.rows(path)}
    return {name: rows.get(name, {"reason": "the VM ended before it"})
            for name in (*METHODS, STORM)}


def p50(rows, name, what="round"):
    return rows[name].get(what, {}).get("p50")


def figure(rows, name):
    """A figure that is what it is: nothing to aim at, but to compare with."""
    value = p50(rows, name)
    check = {"name": f"irq.{name}.p50_insn", "value": value, "unit": "insn", "aim": None,
             "ok": None if value is None else True}
    if value is None:
        check["reason"] = rows[name]["reason"]
    return check


def ratio(rows, name, ours, what, aim):
    mine, base = p50(rows, ours, what), p50(rows, BASE, what)
    if mine is None or base is None:
        return {"name": name, "value": None, "unit": "", "aim": f"<= {aim}", "ok": None,
                "reason": rows[BASE if base is None else ours]["reason"]}
    value = round(mine / base, 3)
    return {"name": name, "value": value, "unit": "", "aim": f"<= {aim}", "ok": value <= aim}


def storm_share(rows):
    """Of one processor, at the module's usual limit."""
    value = rows[STORM].get(USUAL_LIMIT, {}).get("share")
    check = {"name": "irq.storm.cpu_share", "value": value, "unit": "",
             "aim": f"<= {STORM_AIM}", "ok": None if value is None else value <= STORM_AIM}
    if value is None:
        check["reason"] = rows[STORM].get("reason", "the module's limit is another one")
    return check


def run(out):
    guest_out = guest_half.run(out, "irq", "icount", TIMEOUT)
    rows = read_rows(guest_out + "/irq.jsonl")
    checks = [figure(rows, name) for name in METHODS]
    checks += [ratio(rows, "irq.udrv_over_vfio", "udrv_intx", "round", AIM),
               ratio(rows, "irq.udrv_over_vfio.latency", "udrv_intx", "latency", 1.0),
               ratio(rows, "irq.udrv_msi_over_vfio", "udrv_msi", "round", AIM),
               storm_share(rows)]
    bars = [(label, p50(rows, name), rows[name].get("reason"))
            for name, label in METHODS.items()]
    return {"guest_out": guest_out, "checks": checks, "raw": {"rows": rows},
            "picture": {"title": "Cost of an interrupt, instructions (p50), from its raising until "
                                 "the thread that served it sleeps again", "bars": bars,
                        "ours": "udrv"}}
