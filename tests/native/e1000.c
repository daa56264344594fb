// SPDX-License-Identifier: MIT
/*
 * e1000: the driver against QEMU's models of the 82540EM, 82545EM and 82574L,
 * frames checked byte by byte both ways.
 */
#include <signal.h>
#include <sys/wait.h>

#include "../../drivers/e1000/e1000.h"
#include "jobs.h"
#include "nic.h"

/* QEMU only: its e1000 hears nothing for 1 s after the receiver was switched. */
#define DEAF_MS		2500

static struct nic nic;
static const char *model;

static int setup(void **state)
{
	model = *state;
	if (log_begin(state))
		return -1;
	nic_begin(&nic, model, e1000_driver.dma_size);
	return 0;
}

static int teardown(void **state)
{
	nic_end(&nic);
	return log_end(state);
}

static void up(void)
{
	assert_int_equal(nic_up(&nic, &e1000_driver), 0);
}

/* Frames are heard from here on. */
static void wait_for_receiver(void)
{
	uint8_t frame[NIC_FRAME_MAX];
	uint32_t seq = 0xffff0000;

	for (int i = 0; i < DEAF_MS / 20; i++) {
		nic_frame(frame, 64, ++seq, NULL);
		nic_wire_send(&nic, frame, 64);
		if (nic_kernel_receive(&nic, frame, 20))
			break;
	}
	/* Those that were kept somewhere meanwhile. */
	while (nic_kernel_receive(&nic, frame, 50))
		;
	assert_int_equal(nic.status, -ETIME);
	assert_true(nic_tap.carrier);
}

/* ---- data --------------------------------------------------------------- */

static void out(void **state)
{
	static const size_t lens[] = {
		18, 59, 60, 61, 64, 100, 127, 128, 255, 256, 511, 1000, 1023, 1024, 1499, 1513,
		1514, 1518,
	};
	uint8_t frame[NIC_FRAME_MAX];

	up();
	for (uint32_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t n;

		nic_frame(frame, lens[i], i, NULL);
		assert_true(nic_kernel_send(frame, lens[i], NULL));
		memset(frame, 0xff, sizeof(frame));
		n = nic_wire_receive(&nic, frame, 3000);
		/* A short one may be padded, with zeros. */
		assert_in_range(n, lens[i], lens[i] < 60 ? 60 : lens[i]);
		assert_true(nic_frame_is(frame, lens[i], i, NULL));
		while (n-- > lens[i])
			assert_int_equal(frame[n], 0);
	}
	nic_run(&nic, 50);
	assert_int_equal(nic_state(&nic)->tx_sent, sizeof(lens) / sizeof(lens[0]));
	assert_int_equal(nic_state(&nic)->tx_dropped, 0);
	assert_int_equal(qtest_of(nic.dev)->dma_faults, 0);
}

static void in(void **state)
{
	static const size_t lens[] = {
		60, 61, 64, 100, 127, 128, 255, 256, 511, 1000, 1023, 1024, 1499, 1513, 1514, 1518,
	};
	uint8_t frame[NIC_FRAME_MAX];

	up();
	assert_memory_equal(nic_tap.mac, nic_mac, 6);
	wait_for_receiver();
	for (uint32_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		nic_frame(frame, lens[i], i, NULL);
		assert_true(nic_wire_send(&nic, frame, lens[i]));
		memset(frame, 0xff, sizeof(frame));
		assert_int_equal(nic_kernel_receive(&nic, frame, 3000), lens[i]);
		assert_true(nic_frame_is(frame, lens[i], i, NULL));
	}
	assert_int_equal(nic_state(&nic)->rx_errors, 0);
	assert_int_equal(qtest_of(nic.dev)->dma_faults, 0);
}

/* Both ways at once, in order, nothing lost or doubled: as neither side sends
 * more than the other has room for. */
static void both_ways(void **state)
{
	const uint32_t total = 2000;
	uint32_t out_sent = 0, out_got = 0, in_sent = 0, in_got = 0;
	uint8_t frame[NIC_FRAME_MAX];
	uint64_t end;

	up();
	wait_for_receiver();
	end = udrv_now_ns() + 20000000000u;
	while ((out_got < total || in_got < total) && udrv_now_ns() < end) {
		for (int i = 0; i < 8 && out_sent < total && out_sent - out_got < 200; i++) {
			size_t len = 60 + out_sent * 37 % 1455;

			nic_frame(frame, len, out_sent, NULL);
			if (!nic_kernel_send(frame, len, NULL))
				break;
			out_sent++;
		}
		for (int i = 0; i < 8 && in_sent < total && in_sent - in_got < 32; i++) {
			size_t len = 60 + in_sent * 41 % 1455;

			nic_frame(frame, len, in_sent, NULL);
			if (!nic_wire_send(&nic, frame, len))
				break;
			in_sent++;
		}
		assert_int_equal(nic_run(&nic, 1), -ETIME);
		while (nic_wire_receive(&nic, frame, 0)) {
			assert_true(nic_frame_is(frame, 60 + out_got * 37 % 1455, out_got, NULL));
			out_got++;
		}
		while (nic_kernel_receive(&nic, frame, 0)) {
			assert_true(nic_frame_is(frame, 60 + in_got * 41 % 1455, in_got, NULL));
			in_got++;
		}
	}
	assert_int_equal(out_got, total);
	assert_int_equal(in_got, total);
	nic_run(&nic, 20);
	assert_int_equal(nic_state(&nic)->tx_sent, total);
	assert_int_equal(nic_state(&nic)->tx_taken, total);
	assert_int_equal(nic_state(&nic)->tx_dropped, 0);
	assert_int_equal(nic_state(&nic)->resets, 0);
}

static void address_filter(void **state)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t stranger[6] = { 0x52, 0x54, 0x00, 0x99, 0x99, 0x99 };
	static const uint8_t user[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
	uint8_t frame[NIC_FRAME_MAX];

	up();
	wait_for_receiver();
	nic_frame(frame, 60, 1, stranger);
	nic_wire_send(&nic, frame, 60);
	nic_frame(frame, 60, 2, broadcast);
	nic_wire_send(&nic, frame, 60);
	assert_int_equal(nic_kernel_receive(&nic, frame, 3000), 60);
	assert_true(nic_frame_is(frame, 60, 2, broadcast));

	/* ip link set dev tap address ...: the chip follows. */
	memcpy(nic_tap.mac, user, 6);
	nic_run(&nic, 1200);
	nic_frame(frame, 60, 3, user);
	nic_wire_send(&nic, frame, 60);
	assert_int_equal(nic_kernel_receive(&nic, frame, 3000), 60);
	assert_true(nic_frame_is(frame, 60, 3, user));
	nic_frame(frame, 60, 4, nic_mac);
	nic_wire_send(&nic, frame, 60);
	assert_int_equal(nic_kernel_receive(&nic, frame, 100), 0);
}

static uint32_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)data[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *at, uint32_t val)
{
	at[0] = (uint8_t)(val >> 8);
	at[1] = (uint8_t)val;
}

enum { IP = 14, UDP = IP + 20 };

/* As the kernel hands it out: all but the sum over the UDP part, in whose place
 * is the sum of the pseudo header (addresses, protocol, length). */
static void udp_frame(uint8_t *frame, size_t len, uint32_t seq)
{
	static const uint8_t ip[20] = {
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	};

	nic_frame(frame, len, seq, NULL);
	put16(frame + 12, 0x0800);
	memcpy(frame + IP, ip, sizeof(ip));
	put16(frame + IP + 2, (uint32_t)(len - IP));
	put16(frame + IP + 10, ~sum16(frame + IP, 20, 0));
	put16(frame + UDP + 4, (uint32_t)(len - UDP));
	put16(frame + UDP + 6, sum16(frame + IP + 12, 8, 17 + (uint32_t)(len - UDP)));
}

static void checksum_offload(void **state)
{
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = UDP, .csum_offset = 6,
	};
	uint8_t frame[NIC_FRAME_MAX], sent[NIC_FRAME_MAX];

	up();
	for (uint32_t i = 0; i < 20; i++) {
		size_t len = 60 + i * 73;

		udp_frame(sent, len, i);
		assert_true(nic_kernel_send(sent, len, &hdr));
		assert_int_equal(nic_wire_receive(&nic, frame, 3000), len);
		assert_memory_equal(frame, sent, UDP + 6);
		assert_memory_equal(frame + UDP + 8, sent + UDP + 8, len - UDP - 8);
		/* Pseudo header and UDP part with a right sum give all ones. */
		assert_int_equal(sum16(frame + UDP, len - UDP,
				       sum16(frame + IP + 12, 8, 17 + (uint32_t)(len - UDP))),
				 0xffff);
	}
	assert_int_equal(nic_state(&nic)->tx_dropped, 0);
}

static void too_long(void **state)
{
	uint8_t frame[NIC_FRAME_MAX];

	up();
	wait_for_receiver();
	nic_frame(frame, 4000, 1, NULL);
	assert_true(nic_kernel_send(frame, 1519, NULL));
	assert_true(nic_kernel_send(frame, 4000, NULL));
	assert_true(nic_kernel_send(frame, 13, NULL));
	assert_true(nic_wire_send(&nic, frame, 4000));
	nic_frame(frame, 60, 2, NULL);
	assert_true(nic_kernel_send(frame, 60, NULL));
	assert_true(nic_wire_send(&nic, frame, 60));
	assert_int_equal(nic_wire_receive(&nic, frame, 3000), 60);
	assert_true(nic_frame_is(frame, 60, 2, NULL));
	assert_int_equal(nic_kernel_receive(&nic, frame, 3000), 60);
	assert_true(nic_frame_is(frame, 60, 2, NULL));
	nic_run(&nic, 20);
	assert_int_equal(nic_state(&nic)->tx_dropped, 3);
	assert_int_equal(nic_state(&nic)->tx_sent, 1);
	assert_int_equal(qtest_of(nic.dev)->dma_faults, 0);
}

/* ---- life after death ----------------------------------------------------- */

static void traffic(struct nic *n, uint32_t seq)
{
	uint8_t frame[NIC_FRAME_MAX];

	nic_frame(frame, 1000, seq, NULL);
	nic_kernel_send(frame, 1000, NULL);
	nic_wire_send(n, frame, 1000);
}

static void drain(struct nic *n)
{
	uint8_t frame[NIC_FRAME_MAX];

	while (nic_wire_receive(n, frame, 0))
		;
	while (nic_kernel_receive(n, frame, 0))
		;
}

static void *pad_va;

/* The same driver, its memory elsewhere: old rings would hit what is not
 * mapped for the new one. */
static int padded_start(struct udrv_dev *dev)
{
	struct udrv_dma pad;
	int ret = udrv_dma_alloc(dev, 8 << 20, &pad);

	pad_va = pad.va;
	return ret ? ret : e1000_driver.start(dev);
}

static const struct udrv_driver *padded(void)
{
	static struct udrv_driver drv;

	drv = e1000_driver;
	drv.dma_size += 8 << 20;
	drv.start = padded_start;
	return &drv;
}

static void killed_under_traffic(void **state)
{
	const struct udrv_driver *drv = padded();
	uint8_t frame[NIC_FRAME_MAX];
	int status;

	nic_end(&nic);
	nic_begin(&nic, model, drv->dma_size);
	srand(1147);
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			uint64_t end = udrv_now_ns() + (uint64_t)(rand() % 300 + i * 120) * 1000000;

			if (nic_up(&nic, i % 2 ? drv : &e1000_driver))
				_exit(1);
			for (uint32_t seq = 0; udrv_now_ns() < end; seq++) {
				traffic(&nic, seq);
				nic_run(&nic, 1);
				if (seq % 16 == 0)
					drain(&nic);
			}
			kill(getpid(), SIGKILL);
		}
		rand();
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		traffic(&nic, 5000);
	}
	assert_int_equal(nic_open(&nic, drv), 0);
	/* The receiver of the dead driver is still on.  These frames are for
	 * it: they wait at the chip until bus mastering goes on. */
	for (uint32_t seq = 0; seq < 8; seq++)
		traffic(&nic, 5000 + seq);
	assert_int_equal(nic_start(&nic), 0);
	drain(&nic);
	wait_for_receiver();
	drain(&nic);
	for (uint32_t i = 0; i < 50; i++) {
		nic_frame(frame, 200, i, NULL);
		nic_kernel_send(frame, 200, NULL);
		nic_wire_send(&nic, frame, 200);
		assert_int_equal(nic_wire_receive(&nic, frame, 3000), 200);
		assert_true(nic_frame_is(frame, 200, i, NULL));
		assert_int_equal(nic_kernel_receive(&nic, frame, 3000), 200);
		assert_true(nic_frame_is(frame, 200, i, NULL));
	}
	for (size_t i = 0; i < 8 << 20; i++)
		if (((uint8_t *)pad_va)[i])
			fail_msg("byte %zu of memory that no engine of this driver was told of is %#x",
				 i, ((uint8_t *)pad_va)[i]);
	assert_null(strstr(log_text(), "not mapped"));
}

/* ---- what takes long: in the background (jobs.h) -------------------------- */

enum { ALIVE = 40, ENDED };

/* Under traffic for a while: does the driver end by itself?  Five resets, each
 * after seconds of doubt, come before it gives up. */
static int suffer(const struct job *job)
{
	uint64_t end = udrv_now_ns() + (job->want == ALIVE ? 12 : 50) * 1000000000ull;
	int ret;

	setenv("UDRV_FAULT", job->arg, 1);
	nic_begin(&nic, job->model, e1000_driver.dma_size);
	ret = nic_up(&nic, &e1000_driver);
	for (uint32_t seq = 0; !ret && udrv_now_ns() < end; seq++) {
		traffic(&nic, seq);
		drain(&nic);
		if (nic_run(&nic, 10) != -ETIME)
			break;
	}
	nic_end(&nic);
	return ret || nic.status != -ETIME ? ENDED : ALIVE;
}

static int live_a_thousand_times(const struct job *job)
{
	struct held before = { 0 }, now;

	nic_begin(&nic, job->model, e1000_driver.dma_size);
	for (int i = 0; i < 1010; i++) {
		if (i == 10)
			before = held_now();
		if (nic_up(&nic, &e1000_driver))
			return 1;
		drain(&nic);
		traffic(&nic, (uint32_t)i);
		if (nic_run(&nic, 1) != -ETIME)
			return 2;
		nic_down(&nic);
	}
	now = held_now();
	/* What free() keeps at hand for the next malloc() counts as held. */
	if (now.fds != before.fds || now.maps > before.maps || now.heap > before.heap + 8192)
		return 3;
	nic_end(&nic);
	return 0;
}

#define FAULTS(model)							\
	{ model, suffer, "gone:1", ENDED }, { model, suffer, "gone:30", ENDED },	\
	{ model, suffer, "gone:150", ENDED }, { model, suffer, "gone:400", ENDED },	\
	{ model, suffer, "stuck:1", ENDED }, { model, suffer, "stuck:200", ENDED },	\
	{ model, suffer, "nodma:150", ENDED }, { model, suffer, "noirq:3", ENDED },	\
	{ model, suffer, "noirq:1-1", ALIVE }, { model, suffer, "noirq:3-3", ALIVE }

static const struct job jobs[] = {
	FAULTS("e1000"), FAULTS("e1000e"),
	{ "e1000", live_a_thousand_times, NULL, 0 }, { "e1000e", live_a_thousand_times, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};

static int begin_jobs(void **state)
{
	return jobs_begin(jobs);
}

static void a_thousand_lives(void **state)
{
	jobs_end(jobs, model, live_a_thousand_times);
}

static void every_fault_ends(void **state)
{
	static const char *const reasons[] = {
		"device is gone: its registers read as all ones", "the chip stays on after a reset",
		"resets within a minute did not help", "the transmitter hangs",
		"interrupts get lost",
	};
	const char *text = jobs_end(jobs, model, suffer);

	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strstr(text, reasons[i]))
			fail_msg("not in the log: %s", reasons[i]);
}

#define T(name, f, model) { name "_" #f, f, setup, teardown, (void *)(model) }

static int setup_model(void **state)
{
	model = *state;
	return 0;
}

#define TJ(name, f, model) { name "_" #f, f, setup_model, NULL, (void *)(model) }

int main(void)
{
	const struct CMUnitTest tests[] = {
		T("82540em", out, "e1000"), T("82540em", in, "e1000"),
		T("82540em", both_ways, "e1000"), T("82540em", address_filter, "e1000"),
		T("82540em", checksum_offload, "e1000"), T("82540em", too_long, "e1000"),
		T("82540em", killed_under_traffic, "e1000"),
		T("82545em", out, "e1000-82545em"), T("82545em", in, "e1000-82545em"),
		T("82574l", out, "e1000e"), T("82574l", in, "e1000e"),
		T("82574l", both_ways, "e1000e"), T("82574l", address_filter, "e1000e"),
		T("82574l", checksum_offload, "e1000e"), T("82574l", too_long, "e1000e"),
		T("82574l", killed_under_traffic, "e1000e"),
		TJ("82540em", every_fault_ends, "e1000"), TJ("82574l", every_fault_ends, "e1000e"),
		TJ("82540em", a_thousand_lives, "e1000"), TJ("82574l", a_thousand_lives, "e1000e"),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("e1000", tests, begin_jobs, NULL);
}
