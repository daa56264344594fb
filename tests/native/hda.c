// SPDX-License-Identifier: MIT
/* The HDA driver on QEMU's model. */
#include "../../drivers/snd/hda.h"
#include "snd_tests.h"

#define P	UDRV_SND_PLAYBACK

const struct snd_chip snd_chip = {
	.drv = &hda_driver,
	.device = "intel-hda",
	.rates = { 16000, 44100, 96000 },	/* QEMU's codec has no 8000 */
};

/* The other controller, and interrupts by pin where there is no MSI. */
static void plays_by_pin(void **state)
{
	struct rig rig;

	rig_begin(&rig, &hda_driver, "ich9-intel-hda,msi=off", NULL, 48000);
	snd_play_from_start(&rig, &rig_params);
	rig_wait_hw(&rig, P, 10000);
	rig_end(&rig);
}

static void needs_a_codec(void **state)
{
	struct udrv_dev *dev;

	assert_int_equal(udrv_open(&dev, "qtest:intel-hda", &hda_driver), 0);
	assert_int_equal(udrv_start(dev), -ENODEV);
	assert_logged("there is no codec on the link");
	udrv_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SND_TESTS, SND_TEST(plays_by_pin), SND_TEST(needs_a_codec),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hda", tests, NULL, NULL);
}
