// SPDX-License-Identifier: MIT
/* names.c - the registers' names, for traces. */
#include "e1000.h"

#define R(reg)	{ 0, reg, 4, #reg }

const struct udrv_reg e1000_names[] = {
	R(CTRL), R(STATUS), R(EECD), R(EERD), R(FCAL), R(FCAH), R(FCT), R(FCTTV),
	R(ICR), R(ITR), R(IMS), R(IMC),
	R(RCTL), R(RDBAL), R(RDBAH), R(RDLEN), R(RDH), R(RDT), R(RDTR), R(RADV),
	R(RXCSUM), R(RFCTL), { 0, RAL(0), 8ul * RAR_ENTRIES, "RAL/RAH" },
	R(TCTL), R(TIPG), R(TDBAL), R(TDBAH), R(TDLEN), R(TDH), R(TDT), R(TIDV),
	R(TXDCTL), R(TADV), R(TARC0), R(WUC), R(WUFC), R(MPC),
	{ 0, 0, 0, NULL }
};
