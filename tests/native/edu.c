// SPDX-License-Identifier: MIT
/*
 * edu: the example driver as the program that it is, and many lives of drivers
 * on one card: killed at any moment, mid-transfer, with interrupts pending.
 */
#include "card.h"
#include "jobs.h"

#include <linux/pci_regs.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define EDU	"examples/edu"

static void runs(void **state)
{
	assert_int_equal(run(EDU, "qtest:edu"), 0);
	assert_logged("interrupt 0: 10! = 3628800");
	assert_logged("interrupt 0: DMA done");
}

/* ---- what driver and device say to each other ---------------------------- */

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static void traced(void **state)
{
	char path[] = "/tmp/udrv-trace-XXXXXX", *text;
	int fd = mkstemp(path), status;

	assert_true(fd >= 0);
	close(fd);
	setenv("UDRV_TRACE", path, 1);
	status = run(EDU, "qtest:edu");
	unsetenv("UDRV_TRACE");
	text = slurp(path);
	unlink(path);
	assert_int_equal(status, 0);
	/* Its id, the reset, 10!, the interrupt that says so, and the result. */
	static const char *const lines[] = {
		" c config 0x000                   0x1234\n", " w BAR0 0x00020 ",
		" w BAR0 0x00008                   0x0000000a\n", " i interrupt 0 ",
		" r BAR0 0x00008                   0x00375f00\n",
	};
	char *at = text;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *found = strstr(at, lines[i]);

		if (!found)
			fail_msg("no '%s' in its place in:\n%s", lines[i], text);
		else
			at = found;
	}
	free(text);
}

static void no_trace_no_driver(void **state)
{
	int status;

	setenv("UDRV_TRACE", "/nonexistent/trace", 1);
	status = run(EDU, "qtest:edu");
	unsetenv("UDRV_TRACE");
	assert_int_equal(status, 111);
	assert_logged("no trace can be written to /nonexistent/trace: No such file or directory");
}

/* ---- hardware that misbehaves ------------------------------------------ */

/* Each ends by itself, within the 2 s that edu waits and a little, with an
 * error and its reason; all at once, as most of it is waiting. */
static void every_fault_ends(void **state)
{
	static const char *const faults[] = {
		"gone:1", "gone:3", "gone:5", "gone:8", "gone:12", "stuck:1", "stuck:4",
		"stuck:9", "noirq:1", "noirq:2",
	};
	const unsigned int n = sizeof(faults) / sizeof(faults[0]);
	pid_t pids[sizeof(faults) / sizeof(faults[0])];

	for (unsigned int i = 0; i < n; i++) {
		setenv("UDRV_FAULT", faults[i], 1);
		pids[i] = run_start(EDU, "qtest:edu");
	}
	for (unsigned int i = 0; i < n; i++) {
		int status = run_wait(pids[i], 15000);

		if (status != 1)
			fail_msg("UDRV_FAULT=%s: exit status %d", faults[i], status);
	}
	assert_logged("register access: the device is gone");
	assert_logged("register access: writes get lost");
	assert_logged("interrupt: lost");
	assert_logged("edu qtest:edu: no answer for 2 s");
	assert_logged("reset failed: Connection timed out");
}

static void faults_that_make_no_sense(void **state)
{
	static const char *const faults[] = {
		"x", "gone", "gone:", "gone:0", "gone:x", "gone:-1", "stuck:5-4", "stuck:5-",
		"gone:1 ", "gone:1,x:1",
	};
	struct udrv_dev *dev;

	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		setenv("UDRV_FAULT", faults[i], 1);
		if (udrv_open(&dev, "qtest:edu", &card_driver) != -EINVAL)
			fail_msg("UDRV_FAULT='%s' was taken", faults[i]);
	}
	assert_logged("is none of gone:N, stuck:N-M, nodma:N-M, noirq:N-M");
}

/* A fault with an end is over at its end. */
static void fault_for_a_while(void **state)
{
	struct udrv_dev *dev;
	struct udrv_bar *regs;

	setenv("UDRV_FAULT", "stuck:100-101", 1);
	dev = card_open("qtest:edu");
	regs = &card_of(dev)->regs;
	for (unsigned int i = 0; !strstr(log_text(), "UDRV_FAULT") && i < 100; i++) {
		udrv_write32(regs, CARD_LIVE, 0xaaaa);
		udrv_write32(regs, CARD_LIVE, i);
	}
	/* Access 100 was one of the two writes, 101 the other or this read. */
	udrv_read32(regs, CARD_LIVE);
	udrv_write32(regs, CARD_LIVE, 0x1234);
	assert_int_equal(udrv_read32(regs, CARD_LIVE), ~0x1234u);
	udrv_close(dev);
}

static void no_dma_for_a_while(void **state)
{
	struct udrv_dev *dev;
	struct udrv_dma dma;
	uint32_t cmd;

	/* Reset takes 5 accesses here, a transfer 4 and its polling. */
	setenv("UDRV_FAULT", "nodma:6-9", 1);
	dev = card_open("qtest:edu");
	assert_int_equal(udrv_dma_alloc(dev, 4096, &dma), 0);
	memset(dma.va, 0x5a, 4096);
	card_dma_begin(dev, CARD_BUF, dma.iova, 16, CARD_TO_RAM);
	assert_int_equal(udrv_config_read(dev, PCI_COMMAND, 2, &cmd), 0);
	assert_true(cmd & PCI_COMMAND_MASTER);	/* it looks innocent */
	udrv_usleep(300000);			/* no access: the transfer goes nowhere */
	assert_int_equal(*(uint8_t *)dma.va, 0x5a);
	assert_int_equal(card_dma(dev, CARD_BUF, dma.iova, 16, CARD_TO_RAM), 0);
	assert_int_equal(*(uint8_t *)dma.va, 0);
	udrv_close(dev);
}

/* ---- life after death ------------------------------------------------- */

static void killed_at_any_moment(void **state)
{
	struct qemu qemu;

	qemu_start(&qemu, "edu", 1 << 20);
	srand(4711);
	for (int i = 0; i < 25; i++) {
		pid_t pid = run_start(EDU, qemu.name);

		udrv_usleep((unsigned int)rand() % 150000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	assert_int_equal(run(EDU, qemu.name), 0);
	assert_null(strstr(log_text(), "not mapped"));
	assert_null(strstr(log_text(), "failed"));
	qemu_stop(&qemu);
}

/* In a child: life() on the card, then a death without any clean-up. */
static void live_and_die(const struct qemu *qemu, void (*life)(struct udrv_dev *dev))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		life(card_open(qemu->name));
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* A transfer to memory that will come about in 100 ms. */
static void mid_transfer(struct udrv_dev *dev)
{
	struct udrv_dma dma;

	assert_int_equal(udrv_dma_alloc(dev, 4096, &dma), 0);
	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	memset(dma.va, 0xee, 4096);
	assert_int_equal(card_dma(dev, dma.iova, CARD_BUF, 2048, 0), 0);
	card_dma_begin(dev, CARD_BUF, dma.iova, 2048, CARD_TO_RAM | CARD_DMA_IRQ);
}

static void old_dma_does_not_hit(void **state)
{
	struct udrv_dev *dev;
	struct udrv_dma dma;
	struct qemu qemu;

	qemu_start(&qemu, "edu", 1 << 20);
	live_and_die(&qemu, mid_transfer);
	dev = card_open(qemu.name);
	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	/* The very memory that the dead driver had. */
	assert_int_equal(udrv_dma_alloc(dev, 4096, &dma), 0);
	memset(dma.va, 0x5a, 4096);
	assert_int_equal(udrv_loop_run_for(udrv_loop(dev), 300), -ETIME);
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(((uint8_t *)dma.va)[i], 0x5a);
	assert_int_equal(card_of(dev)->interrupts, 0);
	assert_int_equal(qtest_of(dev)->dma_faults, 0);
	/* And our own DMA works. */
	assert_int_equal(card_dma(dev, CARD_BUF, dma.iova, 16, CARD_TO_RAM), 0);
	assert_int_equal(*(uint8_t *)dma.va, 0xee);
	udrv_close(dev);
	qemu_stop(&qemu);
}

static void intx_pending(struct udrv_dev *dev)
{
	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	udrv_write32(&card_of(dev)->regs, CARD_RAISE, 3);
}

static void msi_pending(struct udrv_dev *dev)
{
	assert_int_equal(udrv_irq_select(dev, UDRV_IRQ_MSI), 0);
	intx_pending(dev);
}

static void old_interrupts_do_not_come(void **state)
{
	void (*const lives[])(struct udrv_dev *dev) = { intx_pending, msi_pending };
	struct udrv_dev *dev;
	struct qemu qemu;

	qemu_start(&qemu, "edu", 1 << 20);
	for (int i = 0; i < 4; i++) {
		live_and_die(&qemu, lives[i % 2]);
		dev = card_open(qemu.name);
		assert_int_equal(udrv_irq_select(dev, i / 2 ? UDRV_IRQ_MSI : UDRV_IRQ_INTX), 0);
		assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
		assert_int_equal(udrv_loop_run_for(udrv_loop(dev), 20), -ETIME);
		assert_int_equal(card_of(dev)->interrupts, 0);
		udrv_write32(&card_of(dev)->regs, CARD_RAISE, 8);
		assert_int_equal(udrv_loop_run_for(udrv_loop(dev), 20), -ETIME);
		assert_int_equal(card_of(dev)->interrupts, 1);
		assert_int_equal(card_of(dev)->last_cause, 8);
		udrv_close(dev);
	}
	qemu_stop(&qemu);
}

/* It died between a question and the answer: the next one must not take it
 * for its own. */
static void old_answers_are_skipped(void **state)
{
	static const char asked[] = "readl 0x0\nnonsense\nreadb 0x0\nnonsense\nreadl 0x0\n";
	struct udrv_dev *dev;
	struct qemu qemu;

	qemu_start(&qemu, "edu", 1 << 20);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(write(qemu.vm.sock, asked, sizeof(asked) - 1), sizeof(asked) - 1);
		dev = card_open(qemu.name);
		assert_int_equal(udrv_read32(&card_of(dev)->regs, CARD_ID), CARD_ID_VALUE);
		udrv_close(dev);
	}
	qemu_stop(&qemu);
}

/* ---- nothing leaks: in the background (jobs.h) ---------------------------- */

static int one_life(const char *name)
{
	struct udrv_dev *dev;
	struct udrv_dma dma;
	int ret = 1;

	if (udrv_open(&dev, name, &card_driver))
		return 2;
	if (!udrv_start(dev) && !udrv_dma_alloc(dev, 8192, &dma) &&
	    !udrv_irq_enable(dev, 0, card_irq)) {
		udrv_write32(&card_of(dev)->regs, CARD_RAISE, 1);
		for (int i = 0; i < 1000 && !card_of(dev)->interrupts; i++)
			udrv_loop_run_for(udrv_loop(dev), 1);
		ret = card_of(dev)->interrupts == 1 ? 0 : 3;
	}
	udrv_close(dev);
	return ret;
}

static int more_than(struct held before)
{
	struct held now = held_now();

	/* What free() keeps at hand for the next malloc() counts as held; a
	 * thousand times the smallest leak would be 32 KiB. */
	return now.fds != before.fds ? 10 : now.maps > before.maps ? 11 :
	       now.heap > before.heap + 8192 ? 12 : 0;
}

/* On one QEMU, or each on its own. */
static int live(const char *name, int lives)
{
	struct held before;
	int ret = 0;

	for (int i = 0; i < 5 && !ret; i++)
		ret = one_life(name);	/* what is allocated once */
	before = held_now();
	for (int i = 0; i < lives && !ret; i++)
		ret = one_life(name);
	return ret ? ret : more_than(before);
}

static int live_a_thousand_times(const struct job *job)
{
	struct qemu qemu;

	qemu_start(&qemu, "edu", 1 << 20);
	return live(qemu.name, 1000);
}

static int have_many_qemus(const struct job *job)
{
	return live("qtest:edu", 20);
}

static int start_a_thousand_times(const struct job *job)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct held before = { 0 };
	struct udrv_dma dma;
	int ret;

	for (int i = 0; i < 1010; i++) {
		if (i == 10)
			before = held_now();
		if (udrv_dma_alloc(dev, 128 << 10, &dma) || udrv_irq_enable(dev, 0, card_irq))
			return 1;
		udrv_stop(dev);
		if (udrv_start(dev))
			return 2;
		udrv_loop_run_for(udrv_loop(dev), 1);	/* the cancelled read ends */
	}
	ret = more_than(before);
	udrv_close(dev);
	return ret;
}

static const struct job jobs[] = {
	{ "edu", live_a_thousand_times, NULL, 0 }, { "edu", have_many_qemus, NULL, 0 },
	{ "edu", start_a_thousand_times, NULL, 0 }, { NULL, NULL, NULL, 0 },
};

static int begin_jobs(void **state)
{
	return jobs_begin(jobs);
}

static void a_thousand_lives(void **state)
{
	jobs_end(jobs, "edu", live_a_thousand_times);
}

static void a_thousand_starts(void **state)
{
	jobs_end(jobs, "edu", start_a_thousand_times);
}

static void many_qemus(void **state)
{
	jobs_end(jobs, "edu", have_many_qemus);
}

#define T(f) cmocka_unit_test_setup_teardown(f, log_begin, log_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(runs), T(traced), T(no_trace_no_driver),
		T(every_fault_ends), T(faults_that_make_no_sense), T(fault_for_a_while),
		T(no_dma_for_a_while), T(killed_at_any_moment), T(old_dma_does_not_hit),
		T(old_interrupts_do_not_come), T(old_answers_are_skipped),
		T(a_thousand_lives), T(a_thousand_starts), T(many_qemus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("edu", tests, begin_jobs, NULL);
}
