# SPDX-License-Identifier: MIT
# One .mk file per topic stands beside this one; the top Makefile includes them all.
