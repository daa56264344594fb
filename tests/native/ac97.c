// SPDX-License-Identifier: MIT
/* The AC'97 driver on QEMU's model. */
#include "../../drivers/snd/ac97.h"
#include "snd_tests.h"

#define P	UDRV_SND_PLAYBACK

const struct snd_chip snd_chip = {
	.drv = &ac97_driver,
	.device = "AC97,audiodev=a0",
	.rates = { 8000, 16000, 44100 },
};

static void a_checkpoint_of_nonsense(void **state)
{
	struct rig rig;

	rig_begin(&rig, &ac97_driver, snd_chip.device, NULL, 48000);
	snd_play_from_start(&rig, &rig_params);
	rig_wait_hw(&rig, P, 1000);
	rig_driver_kill(&rig);
	/* The marks say that the chip is far away. */
	memset(rig.cp->snd.stream[P].mark, 0xee, sizeof(rig.cp->snd.stream[P].mark));
	rig_driver_start(&rig);
	rig_wait_hw(&rig, P, 3000);
	assert_logged("which cannot be");
	rig_driver_kill(&rig);
	memset(rig.cp->area, 0xee, sizeof(rig.cp->area));
	rig_driver_start(&rig);
	rig_driver_stop(&rig);
	assert_logged("impossible playback stream");
	/* The application's stream began anew. */
	assert_int_equal(rig.cp->snd.stream[P].params.rate, 48000);
	assert_true(rig_drv(&rig, P).hw < rig_params.frames);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SND_TESTS, SND_TEST(a_checkpoint_of_nonsense),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ac97", tests, NULL, NULL);
}
