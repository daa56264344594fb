// SPDX-License-Identifier: MIT
/* A device that hangs whoever binds, opens, quiets or closes it hangs udrvd no longer
 * than it may; what comes of that later does no harm. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../supervisor/device.h"
#include "../../supervisor/log.h"
#include "../../supervisor/udrvd.h"

/* ---- a stand-in for the machine ------------------------------------------------------ */

static enum { NONE, BIND, OPEN, QUIET, IRQS, CLOSE } hangs;
static atomic_int opened, closed, woken, quiets;
static struct udrvd_watch *watched;
static bool told;			/* that the device is quiet at last */
static int gate[2];			/* who hangs reads it */

static void may_hang(int where)
{
	char c;

	if ((int)hangs == where && read(gate[0], &c, 1) == 1)
		atomic_fetch_add(&woken, 1);
}

int udrv_host_bind(const char *bdf, const char *driver, struct udrv_error *err)
{
	may_hang(BIND);
	return 0;
}

int udrv_host_open(const char *bdf, struct udrv_host_vfio *v, struct udrv_error *err)
{
	may_hang(OPEN);
	v->container = eventfd(0, EFD_CLOEXEC);
	v->device = eventfd(0, EFD_CLOEXEC);
	atomic_fetch_add(&opened, 1);
	return 0;
}

int udrv_host_quiesce(struct udrv_host_vfio *v, struct udrv_quiesce_log *log)
{
	quiets++;
	may_hang(QUIET);
	return 0;
}

int udrv_host_irqs_off(const struct udrv_host_vfio *v)
{
	may_hang(IRQS);
	return 0;
}

void udrv_host_close(struct udrv_host_vfio *v)
{
	if (v->device < 0)
		return;
	may_hang(CLOSE);
	close(v->device);
	close(v->container);
	v->device = v->container = -1;
	atomic_fetch_add(&closed, 1);
}

void udrv_host_ports_try(const char *bdf, struct udrv_host_ports *ports) { }
void udrvd_storm_open(struct udrvd_device *d) { }
void udrvd_storm_close(struct udrvd_device *d) { }
void udrvd_plug_open(struct udrvd_device *d) { }
void udrvd_plug_close(struct udrvd_device *d) { }
void udrvd_cell_close(struct udrvd_cell *c) { }
void udrvd_watch_del(struct udrvd_loop *loop, struct udrvd_watch *w) { watched = NULL; }
void udrvd_device_quiet(struct udrvd_device *d) { told = true; }

int udrvd_watch_add(struct udrvd_loop *loop, struct udrvd_watch *w, unsigned int events)
{
	watched = w;
	return 0;
}

void udrvd_log(enum udrv_level level, const char *name, const char *fmt, ...) { }

uint64_t udrvd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- tests ----------------------------------------------------------------------------- */

static const struct udrvd_config config = { .name = "d", .bdf = "0000:00:04.0", .bind = "udrv" };
static struct udrvd udrvd;
static struct udrvd_device dev;
static uint64_t began;

static int set_up(void **state)
{
	dev = (struct udrvd_device){ .cfg = &config };
	dev.vfio = (struct udrv_host_vfio){
		.container = -1, .group = -1, .device = -1, .irq = -1, .isa = { -1, -1 },
	};
	dev.udrvd = &udrvd;
	dev.late.watch.fd = -1;
	watched = NULL;
	told = false;
	hangs = NONE;
	atomic_store(&quiets, 0);
	atomic_store(&opened, 0);
	atomic_store(&closed, 0);
	atomic_store(&woken, 0);
	began = udrvd_now();
	return pipe2(gate, O_CLOEXEC);
}

static int tear_down(void **state)
{
	udrvd_hardware_forget(&dev);
	close(gate[0]);
	close(gate[1]);
	return 0;
}

/* It goes on, and when its end has come nothing is left open. */
static void let_go(int wanted)
{
	assert_int_equal(write(gate[1], "x", 1), 1);
	for (int i = 0; i < 5000 && atomic_load(&closed) < wanted; i++)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	assert_int_equal(atomic_load(&woken), 1);
	assert_int_equal(atomic_load(&closed), wanted);
}

static void took(uint64_t at_most_ms)
{
	uint64_t ms = (udrvd_now() - began) / 1000000;

	print_message("# %llu ms\n", (unsigned long long)ms);
	assert_true(ms <= at_most_ms);
}

static void nothing_hangs(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrvd_hardware_open(&dev, &err), 0);
	assert_true(dev.vfio.device >= 0 && fcntl(dev.vfio.device, F_GETFD) >= 0);
	udrvd_device_irqs_off(&dev);
	udrvd_device_quiesce(&dev);
	assert_true(fcntl(dev.vfio.device, F_GETFD) >= 0);
	udrvd_device_release(&dev);
	assert_int_equal(dev.vfio.device, -1);
	/* Ours, and a copy for each of the two. */
	assert_int_equal(atomic_load(&closed), 3);
	took(1000);
}

static void at_start(int where)
{
	struct udrv_error err;

	hangs = where;
	assert_int_equal(udrvd_hardware_open(&dev, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "does not answer"));
	took(8000);
	assert_int_equal(dev.vfio.device, -1);
	let_go(1);
	assert_int_equal(atomic_load(&opened), 1);
}

static void bind_hangs(void **state) { at_start(BIND); }
static void open_hangs(void **state) { at_start(OPEN); }

static const char *last_of(const char *what)
{
	const char *detail = "";

	for (size_t i = 0; udrvd_history_get(&dev.history, i); i++)
		if (!strcmp(udrvd_history_get(&dev.history, i)->what, what))
			detail = udrvd_history_get(&dev.history, i)->detail;
	return detail;
}

static void quiet_hangs(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrvd_hardware_open(&dev, &err), 0);
	hangs = QUIET;
	udrvd_device_quiesce(&dev);
	assert_string_equal(last_of(UDRVD_H_BUS_MASTER), strerror(ETIMEDOUT));
	udrvd_device_release(&dev);
	took(4000);
	let_go(2);
}

/* Its next driver would lose the bus in the middle of its work. */
static void late_is_waited_for(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrvd_hardware_open(&dev, &err), 0);
	hangs = QUIET;
	udrvd_device_quiesce(&dev);
	assert_true(udrvd_hardware_late(&dev));
	assert_ptr_equal(watched, &dev.late.watch);
	/* One at a time, each with its copies. */
	udrvd_device_quiesce(&dev);
	udrvd_device_irqs_off(&dev);
	assert_int_equal(quiets, 1);
	assert_int_equal(poll(&(struct pollfd){ dev.late.watch.fd, POLLIN, 0 }, 1, 0), 0);
	let_go(1);
	assert_int_equal(poll(&(struct pollfd){ dev.late.watch.fd, POLLIN, 0 }, 1, 1000), 1);
	dev.late.watch.fn(&dev.late.watch, POLLIN);
	assert_false(udrvd_hardware_late(&dev));
	assert_null(watched);
	assert_true(told);
	assert_non_null(strstr(last_of(UDRVD_H_QUIET), " ms late"));
	hangs = NONE;
	udrvd_device_quiesce(&dev);
	assert_int_equal(quiets, 2);
	udrvd_device_release(&dev);
}

static void irqs_hang(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrvd_hardware_open(&dev, &err), 0);
	hangs = IRQS;
	udrvd_device_irqs_off(&dev);
	assert_string_equal(last_of(UDRVD_H_IRQS), strerror(ETIMEDOUT));
	udrvd_device_release(&dev);
	took(4000);
	let_go(2);
}

static void close_hangs(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrvd_hardware_open(&dev, &err), 0);
	hangs = CLOSE;
	udrvd_device_release(&dev);
	took(4000);
	assert_int_equal(dev.vfio.device, -1);
	assert_non_null(strstr(last_of(UDRVD_H_RELEASED), "does not answer"));
	let_go(1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_hangs), TEST(bind_hangs), TEST(open_hangs), TEST(quiet_hangs), TEST(late_is_waited_for),
		TEST(irqs_hang), TEST(close_hangs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
