// SPDX-License-Identifier: MIT
/* Configuration files: right ones, and what is said about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../supervisor/config.h"

#define MS 1000000ull
#define SEC (1000 * MS)
#define NEEDED "[device]\nname=net0\nbdf=0000:00:04.0\ndriver=/usr/lib/udrv/e1000\n"

/* The complaints, which the caller frees. */
static char *parse(const char *text, struct udrvd_config *cfg, unsigned int *n)
{
	char *said = NULL;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	FILE *in = fmemopen((void *)text, strlen(text), "r");

	*n = udrvd_config_parse(in, "x.ini", cfg, errors);
	fclose(in);
	fclose(errors);
	return said;
}

static void parse_right(const char *text, struct udrvd_config *cfg)
{
	unsigned int n;
	char *said = parse(text, cfg, &n);

	if (n || *said)
		fail_msg("complaints about a right file: %s", said);
	free(said);
}

static void defaults(void **state)
{
	struct udrvd_config c;

	parse_right(NEEDED, &c);
	assert_string_equal(c.name, "net0");
	assert_string_equal(c.bdf, "0000:00:04.0");
	assert_string_equal(c.driver, "/usr/lib/udrv/e1000");
	assert_int_equal(c.n_options, 0);
	assert_string_equal(c.bind, "");
	assert_true(c.arena == 4 << 20 && c.memlock == 64 << 20);
	assert_false(c.net);
	assert_true(c.restart.backoff_min == 100 * MS && c.restart.backoff_max == 10 * SEC);
	assert_true(c.restart.limit == 10 && c.restart.healthy == 10 * SEC);
	assert_true(c.start_timeout == 10 * SEC && c.stop_timeout == 2 * SEC);
	assert_true(c.watchdog == 2 * SEC && c.progress == 30 * SEC);
	assert_true(!c.user && !c.group && c.confine && !c.core && !c.n_files);
}

static void everything(void **state)
{
	struct udrvd_config c;

	parse_right("# comment\n; another\n\n[device]\nname = net-1.a_b\nbdf = 00:1f.7 ; inline\n"
		    "driver=/x\noptions=a=1 b_2=x,y\n  c=\n  d=4 e=5\nbind=vfio-pci\n"
		    "[dma]\narena=64K\nmemlock=1G\n[net]\nifname=u0\ncarrier=drop\n"
		    "[restart]\nbackoff_min=1ms\nbackoff_max=1h\nlimit=3\nhealthy=1min\n"
		    "start_timeout=500ms\nstop_timeout=1s\nwatchdog=0\n"
		    "[sandbox]\nuser=1234\ngroup=2345\n", &c);
	assert_string_equal(c.name, "net-1.a_b");
	assert_string_equal(c.bdf, "0000:00:1f.7");
	assert_int_equal(c.n_options, 5);
	assert_string_equal(c.options[0], "a=1");
	assert_string_equal(c.options[1], "b_2=x,y");
	assert_string_equal(c.options[2], "c=");
	assert_string_equal(c.options[4], "e=5");
	assert_string_equal(c.bind, "vfio-pci");
	assert_true(c.arena == 65536 && c.memlock == 1u << 30);
	assert_true(c.net && c.carrier_drop);
	assert_string_equal(c.ifname, "u0");
	assert_true(c.restart.backoff_min == MS && c.restart.backoff_max == 3600 * SEC);
	assert_true(c.restart.limit == 3 && c.restart.healthy == 60 * SEC);
	assert_true(c.start_timeout == 500 * MS && c.stop_timeout == SEC && c.watchdog == 0);
	assert_true(c.user == 1234 && c.group == 2345);
}

static void small_things(void **state)
{
	struct udrvd_config c;

	parse_right(NEEDED "[net]\n", &c);			/* an empty section counts */
	assert_true(c.net && !c.carrier_drop);
	assert_string_equal(c.ifname, "net0");			/* as the device */
	parse_right("[device]\nname=a\nbdf=none\ndriver=/x", &c);	/* no newline at the end */
	assert_string_equal(c.bdf, "none");
	parse_right(NEEDED "bind=yes\n[sandbox]\nuser=daemon\n", &c);
	assert_string_equal(c.bind, "udrv");
	assert_true(c.user == 1 && c.group == 1);
	parse_right("\xef\xbb\xbf" "[device]\r\nname=a\r\nbdf=none\r\ndriver=/x\r\n", &c);
	assert_string_equal(c.name, "a");
}

/* A line that is wrong, below NEEDED: it is number 5 or, in a section, 6. */
static const struct { const char *text, *said; } wrong[] = {
	{ "colour=red\n", "x.ini:5: unknown key 'colour' in [device]; expected one of name, bdf, driver, options, bind" },
	{ "[tape]\nx=1\n", "x.ini:5: unknown section [tape]; expected [device], [dma]" },
	{ "[net]\nifname=0123456789abcdef\n", "x.ini:6: ifname=0123456789abcdef: expected an interface name" },
	{ "[net]\nifname=a/b\n", "x.ini:6: ifname=a/b: expected" },
	{ "[net]\nifname=u%d\n", "x.ini:6: ifname=u%d: expected" },
	{ "[net]\ncarrier=on\n", "x.ini:6: carrier=on: expected hold or drop" },
	{ "name=net1\n", "x.ini:5: 'name' is given already, in line 2" },
	{ "[disk]\n[dma]\nmemlock=20M\n", "x.ini:7: memlock is too low for the arena; expected 25165824" },
	{ "[disk]\nlink=a/b\n", "x.ini:6: link=a/b: expected 1 to 31 of the letters" },
	{ "[disk]\ngone=\n", "x.ini:6: gone=: expected wait or fail" },
	{ "[disk]\nifname=u0\n", "x.ini:6: unknown key 'ifname' in [disk]; expected one of link, gone" },
	{ "[net]\n[disk]\n", "x.ini:6: [disk]: the device is a network interface, says line 5" },
	{ "[disk]\n[sound]\n", "x.ini:6: [sound]: the device is something else already, says line 5" },
	{ "[sound]\nsocket=x\n", "x.ini:6: socket=x: expected an absolute path" },
	{ "[sound]\nmode=888\n", "x.ini:6: mode=888: expected permissions" },
	{ "[sound]\nmode=4777\n", "x.ini:6: mode=4777: expected permissions" },
	{ "[sound]\ngroup=no such group\n", "x.ini:6: group=no such group: expected a group" },
	{ "[sound]\nring=8K\n", "x.ini:6: ring=8K: expected a multiple of 4K from 16K" },
	{ "[sound]\nring=16M\n[dma]\nmemlock=32M\n", "x.ini:8: memlock is too low" },
	{ "[net]\n[net]\n", "x.ini:6: section [net] is there already, in line 5" },
	{ "just words\n", "x.ini:5: expected [section], key=value or a comment" },
	{ "[net\n", "x.ini:5: expected [section], key=value or a comment" },
	{ "options=a\n", "x.ini:5: options=a: expected up to 16 words key=value" },
	{ "options=a=1\n\tB=2\n", "x.ini:6: options=B=2: expected" },
	{ "options=A=1\n", "x.ini:5: options=A=1: expected" },
	{ "options=a=1 a=2 a=3 a=4 a=5 a=6 a=7 a=8 a=9 a=0 a=1 a=2 a=3 a=4 a=5 a=6 a=7\n",
	  "x.ini:5: options=" },
	{ "bind=maybe\n", "x.ini:5: bind=maybe: expected yes, no, udrv or vfio-pci" },
	{ "  bind=yes\n", "x.ini:5: an indented line goes on with the value above" },
	{ "[dma]\narena=4X\n", "x.ini:6: arena=4X: expected a multiple of 4K" },
	{ "[dma]\narena=0\n", "x.ini:6: arena=0: expected" },
	{ "[dma]\narena=5000\n", "x.ini:6: arena=5000: expected" },
	{ "[dma]\narena=2G\n", "x.ini:6: arena=2G: expected" },
	{ "[dma]\narena=-4096\n", "x.ini:6: arena=-4096: expected" },
	{ "[dma]\narena=99999999999999999999\n", "x.ini:6: arena=9" },
	{ "[dma]\narena=18014398509481985K\n", "x.ini:6: arena=1" },
	{ "[dma]\nmemlock=4M\n", "x.ini:6: memlock is too low for the arena; expected 5242880 or more" },
	{ "[dma]\narena=64M\n", "x.ini: memlock is too low for the arena; expected 68157440" },
	{ "[restart]\nlimit=0\n", "x.ini:6: limit=0: expected a number from 1 to 1000000" },
	{ "[restart]\nlimit=ten\n", "x.ini:6: limit=ten: expected" },
	{ "[restart]\nlimit=\n", "x.ini:6: limit=: expected" },
	{ "[restart]\nhealthy=10\n", "x.ini:6: healthy=10: expected a time from 1ms to 24h, such as 10s" },
	{ "[restart]\nhealthy=1.5s\n", "x.ini:6: healthy=1.5s: expected" },
	{ "[restart]\nhealthy=10 s\n", "x.ini:6: healthy=10 s: expected" },
	{ "[restart]\nbackoff_min=11s\n", "x.ini:6: backoff_min is more than backoff_max" },
	{ "[restart]\nstart_timeout=0\n", "x.ini:6: start_timeout=0: expected" },
	{ "[restart]\nstandby=maybe\n", "x.ini:6: standby=maybe: expected yes or no" },
	{ "[held]\ncommand=mail root\n", "x.ini:6: command=mail root: expected the absolute path" },
	{ "[held]\ntimeout=0\n", "x.ini:6: timeout=0: expected a time from 10ms" },
	{ "[sandbox]\nuser=root\n", "x.ini:6: user=root: expected a user other than root" },
	{ "[sandbox]\nuser=0\n", "x.ini:6: user=0: expected a user other than root" },
	{ "[sandbox]\nuser=no such user\n", "x.ini:6: user=no such user: expected" },
	{ "[sandbox]\ngroup=0\n", "x.ini:6: group=0: expected a group other than root" },
	{ "[sandbox]\nuser=4294967295\n", "x.ini:6: user=4294967295: expected" },
};

static void complaints(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct udrvd_config c;
		char text[512], *said;
		unsigned int n;

		snprintf(text, sizeof(text), "%s%s", NEEDED, wrong[i].text);
		said = parse(text, &c, &n);
		if (n != 1 || strncmp(said, wrong[i].said, strlen(wrong[i].said)) != 0)
			fail_msg("about \"%s\" was said (%u): %s", wrong[i].text, n, said);
		free(said);
	}
}

static void whole_file_complaints(void **state)
{
	static const struct { const char *text; unsigned int n; const char *said; } files[] = {
		{ "", 3, "x.ini: [device] has no 'name'; expected 1 to 31" },
		{ "name=x\n" NEEDED, 1, "x.ini:1: 'name' is above the first section; expected [device]" },
		{ "[device]\nname=X\nbdf=0000:00:04.0\ndriver=/x\n", 1, "x.ini:2: name=X: expected 1 to 31" },
		{ "[device]\nname=a\nbdf=4\ndriver=/x\n", 1, "x.ini:3: bdf=4: expected a PCI address" },
		{ "[device]\nname=a\nbdf=none\ndriver=x\n", 1, "x.ini:4: driver=x: expected the absolute path" },
		{ "[device]\nname=a\nbdf=none\ndriver=/x\nbind=yes\n", 1, "x.ini:5: bind=udrv: there is nothing" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct udrvd_config c;
		unsigned int n;
		char *said = parse(files[i].text, &c, &n);

		if (n != files[i].n || strncmp(said, files[i].said, strlen(files[i].said)) != 0)
			fail_msg("about \"%s\" was said (%u): %s", files[i].text, n, said);
		free(said);
	}
}

static void long_lines(void **state)
{
	struct udrvd_config c;
	char text[5000], *said;
	unsigned int n;

	snprintf(text, sizeof(text), NEEDED "options=a=%0500d\n[net]\nifname=a/b\n", 1);
	said = parse(text, &c, &n);
	/* The next line's number shows that the rest was skipped. */
	assert_int_equal(n, 2);
	assert_non_null(strstr(said, "x.ini:5: the line is longer than"));
	assert_non_null(strstr(said, "x.ini:7: ifname=a/b"));
	free(said);
}

/* Bytes of the parser's own alphabet in random order: no crash (ASan). */
static void random_files(void **state)
{
	static const char *const words[] = {
		"[device]", "[net]", "[", "]", "=", "\n", "\n", "\n", " ", "\t", ";", "#", "name", "bdf",
		"options", "a=1", "driver", "/x", "none", "4M", "10s", "[dma]", "arena", "\r", "\xff",
		"[restart]", "limit", "99999999999999999999999", "user", "[sandbox]", "%s%n",
	};

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		struct udrvd_config c;
		char text[2048] = "\n";
		unsigned int n;
		size_t at = 1;

		for (int w = (int)(random() % 60); w > 0; w--)
			at += (size_t)sprintf(text + at, "%s",
					      words[(size_t)random() % (sizeof(words) / sizeof(words[0]))]);
		free(parse(text, &c, &n));
	}
}

/* ---- several files --------------------------------------------------------------- */

static char *add_files(const char *one, const char *two, unsigned int *n)
{
	char dir[] = "/tmp/udrv-config-XXXXXX", path[64], *said;
	const char *const text[] = { one, two, "garbage that is no .ini" };
	const char *const name[] = { "a.ini", "b.ini", "c.txt" };
	struct udrvd_configs all = { 0 };
	size_t size;
	FILE *errors = open_memstream(&said, &size);

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 3; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, name[i]);
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(text[i], f);
		fclose(f);
	}
	*n = udrvd_configs_add(&all, dir, errors);
	*n += udrvd_configs_check(&all, errors);
	assert_int_equal(all.n, 2);
	udrvd_configs_free(&all);
	fclose(errors);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, name[i]);
		unlink(path);
	}
	rmdir(dir);
	return said;
}

static void duplicates(void **state)
{
	unsigned int n;
	char *said;

	said = add_files(NEEDED, "[device]\nname=net1\nbdf=0000:00:05.0\ndriver=/x\n", &n);
	assert_int_equal(n, 0);
	free(said);
	said = add_files(NEEDED "[net]\nifname=u0\n", "[net]\nifname=u0\n" NEEDED, &n);
	assert_int_equal(n, 3);
	assert_non_null(strstr(said, "b.ini:4: name=net0 is taken already, in /tmp"));
	assert_non_null(strstr(said, "a.ini:2\n"));
	assert_non_null(strstr(said, "b.ini:5: device 0000:00:04.0 is taken already"));
	assert_non_null(strstr(said, "b.ini:2: interface u0 is taken already"));
	assert_non_null(strstr(said, "a.ini:6\n"));
	free(said);
	said = add_files(NEEDED "[disk]\nlink=d\n",
			 "[disk]\nlink=d\n[device]\nname=b\nbdf=none\ndriver=/x\n", &n);
	assert_int_equal(n, 1);
	assert_non_null(strstr(said, "b.ini:2: the disks' link=d is taken already, in /tmp"));
	free(said);
	/* Devices without hardware do not clash. */
	said = add_files("[device]\nname=a\nbdf=none\ndriver=/x\n",
			 "[device]\nname=b\nbdf=none\ndriver=/x\n", &n);
	assert_int_equal(n, 0);
	free(said);
}

static void disks(void **state)
{
	struct udrvd_config c;

	parse_right(NEEDED, &c);
	assert_false(c.disk);
	parse_right(NEEDED "[disk]\n", &c);
	assert_true(c.disk);
	assert_false(c.disk_fail);
	assert_string_equal(c.link, "net0");
	parse_right(NEEDED "[disk]\nlink=d-1\ngone=fail\n", &c);
	assert_true(c.disk_fail);
	assert_string_equal(c.link, "d-1");
	parse_right(NEEDED "[disk]\ngone=wait\n", &c);
	assert_false(c.disk_fail);
}

/* A drive may take longer than other devices, unless somebody says how long. */
static void disk_times(void **state)
{
	struct udrvd_config c;

	parse_right(NEEDED "[net]\n", &c);
	assert_true(c.start_timeout == 10 * SEC && c.progress == 30 * SEC);
	parse_right(NEEDED "[disk]\n", &c);
	assert_true(c.start_timeout == 90 * SEC && c.progress == 300 * SEC);
	parse_right(NEEDED "[disk]\n[restart]\nprogress=30s\n", &c);
	assert_true(c.start_timeout == 90 * SEC && c.progress == 30 * SEC);
	parse_right(NEEDED "[restart]\nstart_timeout=10s\nprogress=0\n[disk]\n", &c);
	assert_true(c.start_timeout == 10 * SEC && c.progress == 0);
}

static void sound(void **state)
{
	struct udrvd_config c;
	unsigned int n;
	char *said;

	parse_right(NEEDED "[sound]\n", &c);
	assert_true(c.sound && c.arena == 64 << 10 && c.ring == 256 << 10 && c.snd_mode == 0660);
	assert_string_equal(c.snd_socket, "/run/udrv/net0.snd");
	parse_right(NEEDED "[sound]\nsocket=/tmp/s\nmode=0600\ngroup=77\nring=1M\n", &c);
	assert_true(c.ring == 1 << 20 && c.snd_mode == 0600 && c.snd_group == 77);
	assert_string_equal(c.snd_socket, "/tmp/s");
	said = add_files(NEEDED "[sound]\nsocket=/s\n",
			 "[sound]\nsocket=/s\n[device]\nname=b\nbdf=none\ndriver=/x\n", &n);
	assert_int_equal(n, 1);
	assert_non_null(strstr(said, "b.ini:2: socket /s is taken already, in /tmp"));
	free(said);
}

/* What comes later counts; what is wrong there has its place there. */
static void drop_ins(void **state)
{
	static const char *const text[] = {
		NEEDED "options=a=1 b=2\n[net]\n[restart]\nlimit=3\nhealthy=1s\n",
		"[restart]\nlimit=4\n[device]\noptions=c=3\n",
		"[restart]\nlimit=5\n[net]\nifname=u9\n",
		"[restart]\nlimit=6\nbackoff_min=1min\n[tape]\n",
	};
	static const char *const name[] = {
		"/net0.ini", "/net0.conf.d/10-a.conf", "/net0.conf.d/20-b.conf", "/net0.conf.d/30-c.conf",
	};
	char dir[] = "/tmp/udrv-config-XXXXXX", path[64], *said;
	struct udrvd_configs all = { 0 };
	size_t size;
	FILE *errors = open_memstream(&said, &size);

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/net0.conf.d", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	for (int i = 0; i < 4; i++) {
		unsigned int n;
		FILE *f;

		snprintf(path, sizeof(path), "%s%s", dir, name[i]);
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(text[i], f);
		fclose(f);
		n = udrvd_configs_add(&all, dir, errors);
		assert_int_equal(n, i < 3 ? 0 : 2);
		assert_int_equal(all.cfg[i].restart.limit, 3 + i);
	}
	fclose(errors);
	assert_int_equal(all.cfg[0].n_options, 2);
	assert_int_equal(all.cfg[1].n_options, 1);
	assert_string_equal(all.cfg[1].options[0], "c=3");
	assert_true(all.cfg[2].restart.healthy == SEC);
	assert_string_equal(all.cfg[2].ifname, "u9");
	assert_non_null(strstr(said, "/30-c.conf:4: unknown section [tape]"));
	assert_non_null(strstr(said, "/30-c.conf:3: backoff_min is more than backoff_max"));
	free(said);
	udrvd_configs_free(&all);
	for (int i = 3; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s%s", dir, name[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/net0.conf.d", dir);
	rmdir(path);
	rmdir(dir);
}

static void given_up(void **state)
{
	struct udrvd_config c;

	parse_right(NEEDED, &c);
	assert_string_equal(c.held_command, "");
	parse_right(NEEDED "[held]\ncommand=/bin/x\nuser=daemon\ntimeout=5s\n", &c);
	assert_string_equal(c.held_command, "/bin/x");
	assert_true(c.held_user == 1 && c.held_group == 1 && c.held_timeout == 5 * SEC);
	parse_right(NEEDED "[held]\ncommand=/bin/x\n", &c);
	assert_true(c.held_user == 0 && c.held_timeout == 30 * SEC);
}

static void missing_file(void **state)
{
	struct udrvd_configs all = { 0 };
	char *said;
	size_t size;
	FILE *errors = open_memstream(&said, &size);

	assert_int_equal(udrvd_configs_add(&all, "/nonexistent/x.ini", errors), 1);
	fclose(errors);
	assert_string_equal(said, "/nonexistent/x.ini: No such file or directory\n");
	free(said);
	udrvd_configs_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(small_things),
		cmocka_unit_test(complaints),
		cmocka_unit_test(whole_file_complaints),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(random_files),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(disks),
		cmocka_unit_test(disk_times),
		cmocka_unit_test(sound),
		cmocka_unit_test(drop_ins),
		cmocka_unit_test(given_up),
		cmocka_unit_test(missing_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
