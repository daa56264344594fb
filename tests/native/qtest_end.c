// SPDX-License-Identifier: MIT
/*
 * The qtest backend when things end: QEMU that does not come up says why, and
 * no process is left behind whoever dies first.
 */
#include "card.h"

#include <linux/pci_regs.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- clear errors ----------------------------------------------------- */

static void refused(const char *name, int ret, const char *text)
{
	struct held before = held_now(), after;
	struct udrv_dev *dev;

	assert_int_equal(udrv_open(&dev, name, &card_driver), ret);
	assert_logged(text);
	after = held_now();
	assert_int_equal(after.fds, before.fds);
}

static void clear_errors(void **state)
{
	struct udrv_dev *dev;

	/* The first run makes stdio and the like allocate. */
	assert_int_not_equal(udrv_open(&dev, "qtest:", &card_driver), 0);
	refused("qtest:", -EINVAL, "wants a device model");
	refused("qtest:vax/edu", -EINVAL, "no machine 'vax'");
	refused("qtest:edu,addr=7", -EINVAL, "addr= is taken");
	refused("qtest:nosuch", -EIO, "'nosuch' is not a valid device model name");
	refused("qtest:e1000,netdev=n7", -EIO, "can't find value 'n7'");
	refused("qtest:edu,nosuch=1", -EIO, "nosuch");
	refused("qtest:e1000", -ENODEV, "device 8086:100e is not one this driver knows");
	refused("qtest:@1", -EINVAL, "@SOCKET,RAM");
	refused("qtest:@900,901", -EBADF, "these descriptors are not open");
	setenv("UDRV_QEMU_ARGS", "-nosuch", 1);
	refused("qtest:edu", -EIO, "-nosuch: invalid option");
	unsetenv("UDRV_QEMU_ARGS");
	setenv("UDRV_QEMU", "/nonexistent/qemu", 1);
	refused("qtest:edu", -EIO,
		"/nonexistent/qemu: No such file or directory; install package qemu-system-x86");
	setenv("UDRV_QEMU", "true", 1);
	refused("qtest:edu", -EIO, "QEMU does not start: it does not answer");
}

/* ---- whoever dies first ----------------------------------------------- */

static void qemu_dies(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	struct card *c = card_of(dev);
	struct udrv_bar regs;
	uint32_t val;

	assert_int_equal(udrv_irq_enable(dev, 0, card_irq), 0);
	kill(qemu_pid(&qtest_of(dev)->vm), SIGKILL);
	/* The loop ends by itself, as after a hot-unplug. */
	assert_int_equal(udrv_loop_run_for(udrv_loop(dev), 5000), -ENODEV);
	assert_logged("QEMU ended: the device is gone");
	assert_int_equal(udrv_read32(&c->regs, CARD_ID), UINT32_MAX);
	assert_int_equal(udrv_read8(&c->regs, CARD_ID), 0xff);
	udrv_write32(&c->regs, CARD_LIVE, 1);		/* and no SIGPIPE */
	assert_int_equal(udrv_config_read(dev, PCI_VENDOR_ID, 2, &val), -EIO);
	assert_int_equal(udrv_config_write(dev, PCI_COMMAND, 2, 0), -EIO);
	assert_int_equal(udrv_reset(dev), -EIO);
	assert_int_equal(udrv_bar_map(dev, 0, &regs), 0);
	assert_int_equal(c->interrupts, 0);
	udrv_close(dev);
}

static void keeper_dies(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	pid_t qemu = qemu_pid(&qtest_of(dev)->vm);

	assert_true(qemu > 0);
	kill(qtest_of(dev)->vm.keeper, SIGKILL);
	assert_true(ends_within(qemu, 2000));
	assert_int_equal(udrv_read32(&card_of(dev)->regs, CARD_ID), UINT32_MAX);
	udrv_close(dev);
}

static void driver_closes(void **state)
{
	struct udrv_dev *dev = card_open("qtest:edu");
	pid_t keeper = qtest_of(dev)->vm.keeper, qemu = qemu_pid(&qtest_of(dev)->vm);

	assert_true(qemu > 0);
	udrv_close(dev);
	assert_int_equal(kill(keeper, 0), -1);
	assert_true(ends_within(qemu, 0));
}

static void driver_is_killed(void **state)
{
	int pipefd[2];
	pid_t child, pids[2];

	assert_int_equal(pipe(pipefd), 0);
	child = fork();
	if (child == 0) {
		struct udrv_dev *dev = card_open("qtest:edu");

		pids[0] = qtest_of(dev)->vm.keeper;
		pids[1] = qemu_pid(&qtest_of(dev)->vm);
		if (write(pipefd[1], pids, sizeof(pids)) == sizeof(pids))
			pause();
		_exit(1);
	}
	assert_int_equal(read(pipefd[0], pids, sizeof(pids)), sizeof(pids));
	close(pipefd[0]);
	close(pipefd[1]);
	assert_true(pids[1] > 0);
	assert_false(ends_within(pids[1], 1));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(ends_within(pids[0], 2000));
	assert_true(ends_within(pids[1], 2000));
}

static int sigchlds;

static void on_sigchld(int sig)
{
	sigchlds++;
}

/* The driver's own children are none of our business, nor ours of theirs. */
static void driver_with_children(void **state)
{
	void (*old)(int) = signal(SIGCHLD, on_sigchld);
	struct udrv_dev *dev;
	pid_t child;

	sigchlds = 0;
	dev = card_open("qtest:edu");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	child = fork();
	if (child == 0)
		_exit(42);
	assert_int_equal(waitpid(-1, NULL, 0), child);
	udrv_close(dev);
	assert_int_equal(sigchlds, 1);
	signal(SIGCHLD, old);
}

#define T(f) cmocka_unit_test_setup_teardown(f, log_begin, log_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(clear_errors), T(qemu_dies), T(keeper_dies), T(driver_closes),
		T(driver_is_killed), T(driver_with_children),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("qtest_end", tests, NULL, NULL);
}
