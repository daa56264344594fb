#!/bin/sh
# SPDX-License-Identifier: MIT
# All that a VM needs: packages of the host, the root, the programs.

set -eu
cd "$(dirname "$0")/.."
# Says what needs root before anything else is asked for.
lab/root.sh --check
lab/host.sh build lab
lab/root.sh
lab/build.sh
