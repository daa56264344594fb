// SPDX-License-Identifier: MIT
/* Which device's DMA the IOMMU refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../supervisor/dmafault.h"

#define BDF	"0000:00:08.0"

/* As the kernels' logs had it in the lab; AMD's by drivers/iommu/amd/iommu.c. */
static void named(void **state)
{
	static const char *const lines[] = {
		"4,1042,586,-;DMAR: [DMA Write NO_PASID] Request device [00:08.0] fault addr 0x2000000",
		"3,1042,586,-;DMAR: [DMA Write NO_PASID] Request device [" BDF "] fault addr 0x10000",
		"4,1042,586,-;vfio-pci " BDF ": AMD-Vi: Event logged [IO_PAGE_FAULT device=" BDF " domain=0x1",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_true(udrvd_dma_fault_of(lines[i], BDF));
		assert_false(udrvd_dma_fault_of(lines[i], "0000:00:08.1"));
		assert_false(udrvd_dma_fault_of(lines[i], "0000:01:08.0"));
		assert_false(udrvd_dma_fault_of(lines[i], "none"));
	}
	assert_false(udrvd_dma_fault_of(lines[1], "0001:00:08.0"));
}

static void others(void **state)
{
	assert_false(udrvd_dma_fault_of("4,1,2,-;DMAR: DRHD: handling fault status reg 2", BDF));
	assert_false(udrvd_dma_fault_of("4,1,2,-;udrv [" BDF "] fault addr", BDF));
	assert_false(udrvd_dma_fault_of("4,1,2,-;DMAR: Request device [" BDF "]", BDF));
	assert_false(udrvd_dma_fault_of("4,1,2,-;device=" BDF, BDF));
	assert_false(udrvd_dma_fault_of("", BDF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named),
		cmocka_unit_test(others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
