// SPDX-License-Identifier: MIT
/* I/O ports: which ones are a device's, and how a driver is told. */
#include "../../libudrv/src/backend_vfio.h"
#include "host_tree.h"

static const char resource[] =
	"0x00000000000001f0 0x00000000000001f7 0x0000000000000110\n"
	"0x00000000000003f6 0x00000000000003f6 0x0000000000000110\n"
	"0x00000000fe000000 0x00000000fe000fff 0x0000000000040200\n"
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	"0x000000000000c040 0x000000000000c04f 0x0000000000040101\n"
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	"0x000000000000d000 0x000000000000d0ff 0x0000000000040101\n";

static const char *text_of(const char *lines)
{
	static char text[128];
	struct udrv_host_ports p;

	tree_file(NIC_DIR "/resource", lines);
	assert_int_equal(udrv_host_ports(NIC, &p, NULL), 0);
	udrv_host_ports_text(&p, text, sizeof(text));
	return text;
}

static void those_of_its_bars(void **state)
{
	/* Not memory, not the expansion ROM behind the BARs. */
	assert_string_equal(text_of(resource), "0:1f0+8,1:3f6+1,4:c040+16");
	assert_string_equal(text_of(""), "none");
}

static void not_those_of_the_board(void **state)
{
	static const char *const lines[] = {
		"0x0cf8 0x0cff 0x101\n", "0x0020 0x0021 0x101\n", "0x01f0 0x01ff 0x101\n",
		"0x03f6 0x03f7 0x101\n", "0x0ff0 0x100f 0x101\n", "0xc000 0xc1ff 0x101\n",
		"0xfff0 0x1000f 0x101\n", "0xc010 0xc00f 0x101\n", "0xc000 0xc00f\n", "rubbish\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(text_of(lines[i]), "none");
}

static void no_such_device(void **state)
{
	struct udrv_host_ports p;
	struct udrv_error err;

	assert_int_equal(udrv_host_ports(NIC, &p, &err), -ENOENT);
	assert_non_null(strstr(err.text, NIC "/resource"));
}

static void what_is_written_is_read(void **state)
{
	struct udrv_host_ports p;
	char text[128];

	assert_int_equal(udrv_vfio_ports_parse(text_of(resource), &p), 0);
	assert_int_equal(p.bar[1].first, 0x3f6);
	assert_int_equal(p.bar[4].first, 0xc040);
	assert_int_equal(p.bar[4].count, 16);
	assert_int_equal(p.bar[2].count, 0);
	udrv_host_ports_text(&p, text, sizeof(text));
	assert_string_equal(text, "0:1f0+8,1:3f6+1,4:c040+16");
	assert_int_equal(udrv_vfio_ports_parse("none", &p), 0);
	assert_int_equal(p.bar[1].count, 0);
}

static void nonsense(void **state)
{
	static const char *const bad[] = {
		"", "0", "0:1f0", "0:1f0+", "0:1f0+0", "6:c000+8", "0:fff8+16", "0:1f0+8,",
		"0:1f0+8;1:3f6+1", "0:1f0+8 ", "x", "0:12345+8", "none,0:1f0+8", "00:1f0+8",
	};
	struct udrv_host_ports p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (udrv_vfio_ports_parse(bad[i], &p) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(those_of_its_bars),
		IN_TREE(not_those_of_the_board),
		IN_TREE(no_such_device),
		IN_TREE(what_is_written_is_read),
		cmocka_unit_test(nonsense),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
