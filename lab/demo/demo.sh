#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh [PART...]: the demo's job in the guest.
exec python3 /udrv/demo/demo.py "$@"
