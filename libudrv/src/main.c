// SPDX-License-Identifier: MIT
/* main.c - the whole life of a driver process. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "internal.h"

enum { EXIT_OK = 0, EXIT_DRIVER = 1, EXIT_USAGE = 100, EXIT_SYSTEM = 111 };

static int usage(const struct udrv_driver *drv, FILE *to, int status)
{
	if (!udrv_has_hardware(drv)) {
		fprintf(to,
			"usage: %s [key=value]... none\n"
			"Needs no hardware.  Under a supervisor (LISTEN_FDS) not even 'none' is given.\n",
			drv->name);
		return status;
	}
	fprintf(to,
		"usage: %s [key=value]... DEVICE\n"
		"DEVICE is a PCI address such as 0000:00:04.0, bound to udrv or vfio-pci\n"
		"(udrvctl bind), or a device model such as qtest:edu.  Under a supervisor\n"
		"(LISTEN_FDS) no DEVICE is given.\n"
		"Devices this driver knows:", drv->name);
	for (const struct udrv_id *id = drv->ids; id && id->vendor; id++)
		fprintf(to, " %04x:%04x", id->vendor, id->device);
	fprintf(to, "\n");
	return status;
}

struct args {
	const char *device;
	const char *options[UDRV_OPTIONS];
	int n;
};

/* A key is letters and underscores, so that "qtest:x,prop=1" is a device. */
static bool is_option(const char *arg)
{
	size_t key = strspn(arg, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return key && arg[key] == '=';
}

static int parse_args(const struct udrv_driver *drv, int argc, char *argv[], struct args *args)
{
	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i])) {
			if (args->n == UDRV_OPTIONS - 1) {
				fprintf(stderr, "%s: more than %d options\n", drv->name,
					UDRV_OPTIONS - 1);
				return -EINVAL;
			}
			args->options[args->n++] = argv[i];
		} else if (argv[i][0] != '-' && !args->device) {
			args->device = argv[i];
		} else {
			fprintf(stderr, "%s: '%s' is neither key=value nor a device\n",
				drv->name, argv[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static void signal_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_dev *dev = container_of(op, struct udrv_dev, signal_op);

	struct signalfd_siginfo si;

	if (res < 0)
		return;
	dev->leave = read(dev->signal_fd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo == SIGUSR1;
	udrv_notify(dev, "STOPPING=1");
	udrv_loop_stop(&dev->loop, 0);
}

static int watch_signals(struct udrv_dev *dev)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	dev->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (dev->signal_fd < 0)
		return -errno;
	dev->signal_op.done = signal_done;
	return udrv_loop_poll(&dev->loop, dev->signal_fd, POLLIN, &dev->signal_op);
}

static void watchdog_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_dev *dev = container_of(op, struct udrv_dev, notify.watchdog);

	if (res < 0)
		return;
	udrv_notify(dev, "WATCHDOG=1");
	udrv_loop_timer(&dev->loop, dev->notify.watchdog_ms / 2, op);
}

static int watch_watchdog(struct udrv_dev *dev)
{
	if (!dev->notify.watchdog_ms)
		return 0;
	dev->notify.watchdog.done = watchdog_done;
	return udrv_loop_timer(&dev->loop, dev->notify.watchdog_ms / 2, &dev->notify.watchdog);
}

/* Out of the loop, where nothing else can happen to the device. */
static void leave(struct udrv_dev *dev)
{
	int ret = udrv_hand_over(dev);

	if (ret)
		udrv_log(dev, UDRV_WARN, "the device cannot be handed over as it runs: %s",
			 strerror(-ret));
}

static void say_ready(struct udrv_dev *dev)
{
	bool layout = udrv_can_hand_over(dev->drv);

	udrv_notify(dev, "READY=1%s%s", layout ? "\nX_UDRV_LAYOUT=" : "",
		    layout ? dev->drv->layout : "");
}

static int run(struct udrv_dev *dev)
{
	int ret;

	ret = watch_signals(dev);
	if (!ret)
		ret = watch_watchdog(dev);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "cannot watch for signals: %s", strerror(-ret));
		return EXIT_SYSTEM;
	}
	ret = udrv_start(dev);
	if (ret)
		return EXIT_DRIVER;
	say_ready(dev);
	ret = udrv_loop_run(&dev->loop);
	if (!ret && dev->leave)
		leave(dev);
	udrv_stop(dev);
	if (ret < 0)
		udrv_log(dev, UDRV_ERR, "gave up: %s", strerror(-ret));
	return ret < 0 ? EXIT_DRIVER : ret;
}

int udrv_main(const struct udrv_driver *drv, int argc, char *argv[])
{
	struct args args = { 0 };
	struct udrv_dev *dev;
	int ret;

	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
		return usage(drv, stdout, EXIT_OK);
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("%s (libudrv %d.%d)\n", drv->name, UDRV_VERSION_MAJOR, UDRV_VERSION_MINOR);
		return EXIT_OK;
	}
	if (parse_args(drv, argc, argv, &args))
		return usage(drv, stderr, EXIT_USAGE);
	if (!args.device && !getenv("LISTEN_FDS"))
		return usage(drv, stderr, EXIT_USAGE);

	ret = udrv_open(&dev, args.device, drv);
	if (ret == -ECANCELED)		/* a standby that was never needed */
		return EXIT_OK;
	if (ret)
		return ret == -EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
	memcpy(dev->options, args.options, sizeof(dev->options));
	ret = run(dev);
	udrv_close(dev);
	return ret;
}
