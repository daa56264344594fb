// SPDX-License-Identifier: MIT
/* snd_rig.c - a sound driver between QEMU's model and an application. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../libudrv/snd/snd_internal.h"
#include "snd_rig.h"

const struct udrv_snd_params rig_params = {
	.format = UDRV_SND_S16, .channels = 2, .rate = 48000, .period = 1024, .frames = 49152,
};

static struct rig *the_rig;

/* ---- instead of libudrv/snd/share.c: the rig's memory --------------------------- */

/* The ring as it would be found, had it been in a memfd: the copy has what was
 * played, and maybe zeroed, before. */
static void forget_played(struct rig_stream *r, unsigned int dir)
{
	const struct udrv_snd_stream_state *state = &the_rig->cp->snd.stream[dir];
	const struct udrv_snd_params *p = &state->params;
	unsigned int bytes = udrv_snd_frame_bytes(p);

	if (dir != UDRV_SND_PLAYBACK || state->gen != r->page.app.gen || !p->frames ||
	    (uint64_t)p->frames * bytes > RIG_RING)
		return;
	for (uint64_t i = r->page.app.appl; i < state->hw + p->frames; i++)
		memset(r->ring + i % p->frames * bytes, 0, bytes);
}

int udrv_snd_share_open(struct udrv_snd_stream *s, struct udrv_dev *dev)
{
	struct rig_stream *r = &the_rig->stream[s->dir];
	int ret = udrv_dma_alloc(dev, RIG_RING, &s->ring);

	if (ret)
		return ret;
	forget_played(r, s->dir);
	memcpy(s->ring.va, r->ring, RIG_RING);
	__atomic_store_n(&r->iova, s->ring.iova, __ATOMIC_RELEASE);
	s->share = (struct udrv_snd_share){
		.page = &r->page, .bell = the_rig->bell[s->dir][1],
	};
	return 0;
}

void udrv_snd_share_close(struct udrv_snd_stream *s)
{
	if (s->ring.va)
		udrv_dma_free(s->snd->dev, &s->ring);
	s->share = (struct udrv_snd_share){ .bell = -1 };
}

void udrv_snd_share_none(enum udrv_snd_dir dir, struct udrv_dev *dev)
{
}

/* ---- the driver's process ---------------------------------------------------------- */

static struct udrv_dev *quit_dev;

static void quit_seen(struct udrv_op *op, int res, unsigned int flags)
{
	if (res > 0)
		udrv_loop_stop(udrv_loop(quit_dev), 0);
}

static int live(struct rig *rig)
{
	static struct udrv_op quit = { quit_seen };
	struct udrv_dev *dev;
	size_t len;
	void *cp;
	int ret = udrv_open(&dev, rig->qemu.name, &rig->drv);

	if (ret)
		return 2;
	/* As udrvd would have given it to us. */
	cp = udrv_checkpoint(dev, &len);
	if (rig->cp->magic != UDRV_CHECKPOINT_MAGIC)
		memcpy(rig->cp, cp, len);
	if (mmap(cp, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, rig->checkpoint, 0) != cp)
		return 3;
	quit_dev = dev;
	udrv_loop_poll(udrv_loop(dev), rig->quit, POLLIN, &quit);
	ret = udrv_start(dev);
	if (!ret)
		ret = udrv_loop_run_for(udrv_loop(dev), 60000);
	udrv_close(dev);
	return ret ? 1 : 0;
}

void rig_driver_start(struct rig *rig)
{
	pid_t parent = getpid();

	assert_int_equal(rig->driver, 0);
	the_rig = rig;
	fflush(NULL);
	rig->driver = fork();
	if (rig->driver == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == parent ? live(rig) : 127);
	}
	assert_true(rig->driver > 0);
}

void rig_driver_kill(struct rig *rig)
{
	int status;

	kill(rig->driver, SIGKILL);
	assert_int_equal(waitpid(rig->driver, &status, 0), rig->driver);
	rig->driver = 0;
	assert_true(WIFSIGNALED(status));	/* it had not ended by itself */
}

void rig_driver_stop(struct rig *rig)
{
	eventfd_t unused;
	pid_t pid = rig->driver;

	rig->driver = 0;
	eventfd_write(rig->quit, 1);
	assert_int_equal(run_wait(pid, 10000), 0);
	eventfd_read(rig->quit, &unused);
}

/* ---- set-up ------------------------------------------------------------------------- */

static void start_qemu(struct rig *rig, const char *device, const char *backend,
		       unsigned int rate)
{
	char args[256];
	struct stat st;
	int n;

	if (backend)
		n = snprintf(args, sizeof(args), "-audiodev %s", backend);
	else
		n = snprintf(args, sizeof(args),
			     "-audiodev wav,id=a0,path=%s,out.frequency=%u,timer-period=1000",
			     rig->wav, rate);
	/* Its codec is a device of its own, on the controller's bus. */
	if (strstr(device, "hda"))
		snprintf(args + n, sizeof(args) - (size_t)n,
			 " -device hda-%s,audiodev=a0,mixer=on,use-timer=off",
			 backend ? "duplex" : "output");
	setenv("UDRV_QEMU_ARGS", args, 1);
	qemu_start(&rig->qemu, device, rig->drv.dma_size);
	assert_int_equal(fstat(rig->qemu.vm.ram, &st), 0);
	rig->ram_len = (size_t)st.st_size;
	rig->ram = mmap(NULL, rig->ram_len, PROT_READ | PROT_WRITE, MAP_SHARED, rig->qemu.vm.ram, 0);
	assert_true(rig->ram != MAP_FAILED);
}

void rig_begin(struct rig *rig, const struct udrv_driver *drv, const char *device,
	       const char *backend, unsigned int rate)
{
	size_t len = UDRV_SND_DIRS * sizeof(struct rig_stream);
	int fd;

	*rig = (struct rig){ .drv = *drv, .wav = "/tmp/udrv-snd-XXXXXX" };
	rig->drv.dma_size += UDRV_SND_DIRS * RIG_RING;
	fd = mkstemp(rig->wav);
	assert_true(fd >= 0);
	close(fd);
	rig->stream = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(rig->stream != MAP_FAILED);
	rig->checkpoint = memfd_create("checkpoint", MFD_CLOEXEC);
	assert_int_equal(ftruncate(rig->checkpoint, UDRV_CHECKPOINT_SIZE), 0);
	rig->cp = mmap(NULL, UDRV_CHECKPOINT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       rig->checkpoint, 0);
	assert_true(rig->cp != MAP_FAILED);
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					    rig->bell[dir]), 0);
	rig->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	start_qemu(rig, device, backend, rate);
}

/* SIGTERM lets QEMU write the file's last block. */
void rig_power_off(struct rig *rig)
{
	pid_t pid = qemu_pid(&rig->qemu.vm);

	if (rig->driver)
		rig_driver_stop(rig);
	if (pid > 0) {
		kill(pid, SIGTERM);
		assert_true(ends_within(pid, 5000));
	}
}

void rig_end(struct rig *rig)
{
	if (rig->driver)
		rig_driver_kill(rig);
	qemu_stop(&rig->qemu);
	unlink(rig->wav);
	munmap(rig->ram, rig->ram_len);
	munmap(rig->stream, UDRV_SND_DIRS * sizeof(struct rig_stream));
	munmap(rig->cp, UDRV_CHECKPOINT_SIZE);
	close(rig->checkpoint);
	close(rig->quit);
	for (unsigned int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		close(rig->bell[dir][0]);
		close(rig->bell[dir][1]);
	}
}

/* ---- the application ------------------------------------------------------------------ */

void rig_ring(struct rig *rig, enum udrv_snd_dir dir)
{
	send(rig->bell[dir][0], "", 1, MSG_DONTWAIT);
}

/* For a wake-up, at most 100 ms: a driver that is being replaced sends none. */
static void wait_wake(struct rig *rig, enum udrv_snd_dir dir)
{
	struct pollfd p = { .fd = rig->bell[dir][0], .events = POLLIN };
	char rings[64];

	if (poll(&p, 1, 100) > 0)
		recv(p.fd, rings, sizeof(rings), MSG_DONTWAIT);
}

void rig_want(struct rig *rig, enum udrv_snd_dir dir, enum udrv_snd_want want)
{
	__atomic_store_n(&rig->stream[dir].page.app.want, want, __ATOMIC_RELEASE);
	rig_ring(rig, dir);
}

void rig_prepare(struct rig *rig, enum udrv_snd_dir dir, const struct udrv_snd_params *params)
{
	struct udrv_snd_app *app = &rig->stream[dir].page.app;

	__atomic_store_n(&app->want, UDRV_SND_IDLE, __ATOMIC_RELEASE);
	app->params = *params;
	app->appl = 0;
	__atomic_store_n(&app->gen, app->gen + 1, __ATOMIC_RELEASE);
	rig_ring(rig, dir);
}

struct udrv_snd_drv rig_drv(struct rig *rig, enum udrv_snd_dir dir)
{
	struct udrv_snd_page *page = &rig->stream[dir].page;
	struct udrv_snd_drv drv = { .gen = __atomic_load_n(&page->drv.gen, __ATOMIC_ACQUIRE) };

	if (drv.gen != page->app.gen)
		return (struct udrv_snd_drv){ 0 };
	drv.is = __atomic_load_n(&page->drv.is, __ATOMIC_ACQUIRE);
	drv.hw = __atomic_load_n(&page->drv.hw, __ATOMIC_ACQUIRE);
	drv.hw_ns = __atomic_load_n(&page->drv.hw_ns, __ATOMIC_ACQUIRE);
	drv.xruns = __atomic_load_n(&page->drv.xruns, __ATOMIC_ACQUIRE);
	return drv;
}

void rig_wait_is(struct rig *rig, enum udrv_snd_dir dir, enum udrv_snd_is is)
{
	uint64_t end = udrv_now_ns() + 5000000000ull;

	while (rig_drv(rig, dir).is != is) {
		if (udrv_now_ns() > end)
			fail_msg("stream %d is %u at %llu, not %u", dir, rig_drv(rig, dir).is,
				 (unsigned long long)rig_drv(rig, dir).hw, is);
		wait_wake(rig, dir);
	}
}

void rig_wait_hw(struct rig *rig, enum udrv_snd_dir dir, uint64_t frame)
{
	uint64_t end = udrv_now_ns() + 5000000000ull;

	while (rig_drv(rig, dir).hw < frame) {
		if (udrv_now_ns() > end)
			fail_msg("stream %d stays at %llu, before %llu", dir,
				 (unsigned long long)rig_drv(rig, dir).hw,
				 (unsigned long long)frame);
		wait_wake(rig, dir);
	}
}

/* ---- coded frames ---------------------------------------------------------------------- */

#define STEP	40503u			/* odd: each number of 16 bits comes once */

static uint16_t noise(uint32_t i)
{
	return (uint16_t)((i * 2654435761u) >> 13 | 1);	/* never 0 */
}

/* The sample of a channel; S32 carries it at its top. */
static uint16_t sample(uint32_t i, unsigned int channel)
{
	return channel ? (uint16_t)(i * STEP) : noise(i);
}

static void put_frame(const struct udrv_snd_params *p, uint8_t *to, uint64_t i)
{
	for (unsigned int ch = 0; ch < p->channels; ch++) {
		uint16_t s16 = sample((uint32_t)i, ch);
		uint32_t s32 = (uint32_t)s16 << 16;

		if (p->format == UDRV_SND_S16)
			memcpy(to + (size_t)ch * 2, &s16, 2);
		else
			memcpy(to + (size_t)ch * 4, &s32, 4);
	}
}

static void put(struct rig *rig, uint64_t frame)
{
	struct rig_stream *s = &rig->stream[UDRV_SND_PLAYBACK];
	const struct udrv_snd_params *p = &s->page.app.params;
	unsigned int bytes = udrv_snd_frame_bytes(p);
	size_t off = (size_t)(frame % p->frames) * bytes;
	uint64_t iova = __atomic_load_n(&s->iova, __ATOMIC_ACQUIRE);

	put_frame(p, s->ring + off, frame);
	if (iova)
		memcpy(rig->ram + iova + off, s->ring + off, bytes);
}

void rig_write(struct rig *rig, uint64_t to)
{
	struct udrv_snd_app *app = &rig->stream[UDRV_SND_PLAYBACK].page.app;
	uint64_t end = udrv_now_ns() + 20000000000ull;

	while (app->appl < to) {
		uint64_t hw = rig_drv(rig, UDRV_SND_PLAYBACK).hw;
		uint64_t appl = app->appl;

		if (udrv_now_ns() > end)
			fail_msg("playback stays at %llu, state %u", (unsigned long long)hw,
				 rig_drv(rig, UDRV_SND_PLAYBACK).is);
		while (appl < to && appl < hw + app->params.frames)
			put(rig, appl++);
		if (appl == app->appl) {
			wait_wake(rig, UDRV_SND_PLAYBACK);
			continue;
		}
		__atomic_store_n(&app->appl, appl, __ATOMIC_RELEASE);
		rig_ring(rig, UDRV_SND_PLAYBACK);
	}
}

/* ---- what was played -------------------------------------------------------------------- */

struct rig_played rig_played(struct rig *rig)
{
	struct rig_played p = { 0 };
	uint64_t zeros = 0;
	uint16_t frame[2];
	static uint32_t number[65536];		/* of the frame with this code */
	FILE *f = fopen(rig->wav, "re");
	uint32_t next = 0;

	for (uint32_t i = 0; i < 65536; i++)
		number[(uint16_t)(i * STEP)] = i;
	assert_non_null(f);
	fseek(f, 44, SEEK_SET);
	while (fread(frame, sizeof(frame), 1, f) == 1) {
		uint32_t i = number[frame[1]];

		if (!frame[0] && !frame[1]) {
			zeros++;
			continue;
		}
		/* Numbers are told apart modulo 65536, 1.3 s at 48 kHz. */
		i += next & 0xffff0000;
		if (i + 32768 < next)
			i += 65536;
		if (frame[0] != noise(i)) {
			p.wrong++;
			continue;
		}
		if (!p.frames)
			p.first = i;
		else if (i > next)
			p.lost += i - next;
		else if (i < next)
			p.repeated += next - i;
		if (p.frames)
			p.silent += zeros;
		zeros = 0;
		p.frames++;
		next = i + 1;
	}
	fclose(f);
	return p;
}

void rig_assert_played(struct rig *rig, uint64_t frames, uint64_t max_silent)
{
	struct rig_played p = rig_played(rig);

	if (p.first || p.frames > frames || p.frames + RIG_TAIL < frames || p.lost || p.repeated || p.wrong ||
	    p.silent > max_silent)
		fail_msg("played %llu of %llu frames from %u on, %llu lost, %llu repeated, %llu wrong, %llu silent",
			 (unsigned long long)p.frames, (unsigned long long)frames, p.first,
			 (unsigned long long)p.lost, (unsigned long long)p.repeated,
			 (unsigned long long)p.wrong, (unsigned long long)p.silent);
}
