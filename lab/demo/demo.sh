#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo's job in the guest.
exec python3 /udrv/demo/demo.py
