// SPDX-License-Identifier: MIT
/*
 * malice.c - a driver of QEMU's edu that tries to harm others (attempt.h).
 * maldisk.c tries what only the driver of a disk could.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <udrv/checkpoint.h>
#include <unistd.h>

#include "attempt.h"
#include "inherited.h"

/* ---- the device ---------------------------------------------------------------------- */

/* Where udrvd maps a driver's memory for its device. */
#define ARENA	0x1000000

static uint64_t region(uint32_t index, uint64_t *size)
{
	struct vfio_region_info i = { .argsz = sizeof(i), .index = index };

	ioctl(inherited("device"), VFIO_DEVICE_GET_REGION_INFO, &i);
	if (size)
		*size = i.size;
	return i.offset;
}

/* The manual is QEMU's docs/specs/edu: DMA from its buffer to memory. */
static void dma_to(uint64_t iova)
{
	uint64_t bar = region(0, NULL), from = 0x40000, len = 64, run = 1 | 2;
	uint64_t config = region(VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	int dev = inherited("device");
	uint16_t command = 2 | 4;
	struct timespec now;

	if (pwrite(dev, &command, 2, (off_t)config + 4) != 2 ||
	    pwrite(dev, &from, 8, (off_t)bar + 0x80) != 8 ||
	    pwrite(dev, &iova, 8, (off_t)bar + 0x88) != 8 ||
	    pwrite(dev, &len, 8, (off_t)bar + 0x90) != 8 ||
	    pwrite(dev, &run, 8, (off_t)bar + 0x98) != 8)
		outcome(0, "the device refuses, %s", strerrorname_np(errno));
	clock_gettime(CLOCK_MONOTONIC, &now);
	dprintf(2, "DMA begins at %lld\n", now.tv_sec * 1000000000ll + now.tv_nsec);
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);	/* it takes 100 ms */
}

static void dma_kernel(void)
{
	/* 32 MiB: the kernel's code and data are there, and behind its own arena. */
	dma_to(0x2000000);
	outcome(0, "sent to the IOMMU");
}

static void dma_low(void)
{
	for (uint64_t at = 0x10000; at < 0x100000; at += 0x40000)
		dma_to(at);
	outcome(0, "sent to the IOMMU");
}

/* Every driver's memory begins at this address of its own device; edu's buffer holds
 * nothing but zeros. */
static void dma_rings(void)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				   inherited("arena"), 4096);

	if (page == MAP_FAILED)
		return;
	memset(page, 0xff, 4096);
	dma_to(ARENA + 4096);
	outcome(0, "it %s its own", page[0] ? "missed" : "hit");
}

/* All of the configuration space: BARs, interrupts' addresses, capabilities. */
static void config_space(void)
{
	uint64_t at = region(VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	uint32_t ones = 0xffffffff, evil = 0xfee00000;

	for (off_t reg = 4; reg < 256; reg += 4)
		for (int twice = 0; twice < 2; twice++)
			if (pwrite(inherited("device"), twice ? &evil : &ones, 4,
				   (off_t)at + reg) < 0)
				break;
	outcome(0, "written, the test looks");
}

static void beyond_bar(void)
{
	uint64_t size, at = region(0, &size);

	judge(pread(inherited("device"), &(uint32_t){ 0 }, 4, (off_t)(at + size)));
}

static void map_all(void)
{
	struct vfio_iommu_type1_dma_map m = {
		.argsz = sizeof(m), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.size = 1ull << 30, .iova = 1ull << 32,
	};
	void *va = mmap(NULL, m.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	m.vaddr = (uintptr_t)va;
	judge(va == MAP_FAILED ? -1 : ioctl(inherited("container"), VFIO_IOMMU_MAP_DMA, &m));
}

static void hot_reset(void)
{
	struct vfio_pci_hot_reset r = { .argsz = sizeof(r) };

	judge(ioctl(inherited("device"), VFIO_DEVICE_PCI_HOT_RESET, &r));
}

static void port_cf8(void)
{
	outcome(1, "it reads %x", inl(0xcf8));
}

static void port_ioperm(void)
{
	judge(ioperm(0xcf8, 8, 1));
}

static void port_iopl(void)
{
	judge(iopl(3));
}

/* ---- others' descriptors and memory -------------------------------------------------- */

static void open_path(const char *path)
{
	judge(open(path, O_RDWR | O_CLOEXEC));
}

static void open_vfio(void) { open_path("/dev/vfio/vfio"); }
static void open_mem(void) { open_path("/dev/mem"); }
static void open_shadow(void) { open_path("/etc/shadow"); }

/* open(2) of a socket fails for everybody. */
static void reach_control(void)
{
	static const struct sockaddr_un addr = { AF_UNIX, "/run/udrv/control" };

	judge(connect(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)&addr, sizeof(addr)));
}

static void make_socket(void) { judge(socket(AF_UNIX, SOCK_STREAM, 0)); }

static void steal_fds(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", getppid());
	judge(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void pidfd_steal(void)
{
	judge(syscall(SYS_pidfd_open, getppid(), 0));
}

static void trace_parent(void) { judge(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL)); }

/* EFAULT: nothing is at that address, but it was looked for. */
static bool reached(long ret)
{
	return ret >= 0 || errno == EFAULT;
}

static void write_parent(void)
{
	struct iovec here = { &errno, 4 }, there = { (void *)0x400000, 4 };
	int harm = reached(process_vm_writev(getppid(), &here, 1, &there, 1, 0));

	outcome(harm, "%s", strerrorname_np(errno));
}

static void read_others(void)
{
	char here[64];
	struct iovec to = { here, sizeof(here) }, from = { (void *)0x400000, sizeof(here) };
	int n = 0;

	for (pid_t pid = 1; pid < getpid(); pid++)
		n += reached(process_vm_readv(pid, &to, 1, &from, 1, 0));
	outcome(n, "%d processes", n);
}

/* One by one, because kill(-1) says 0 even if it may kill nobody. */
static void kill_all(void)
{
	int n = 0;

	for (pid_t pid = 2; pid < getpid(); pid++)
		n += kill(pid, SIGKILL) == 0;
	outcome(n, "%d processes", n);
}

static void kill_parent(void) { judge(kill(getppid(), SIGKILL)); }
static void outlive(void) { judge(prctl(PR_SET_PDEATHSIG, 0)); }
static void make_writable(void) { judge(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL)); }
/* Who may do this may do the rest of it, and the test would not see the end of that. */
static void do_reboot(void) { judge(reboot(RB_DISABLE_CAD)); }

/* ---- io_uring ------------------------------------------------------------------------- */

static void prep_open(struct io_uring_sqe *sqe, void *arg)
{
	io_uring_prep_openat(sqe, AT_FDCWD, arg, O_RDONLY, 0);
}

static void ring_open(void)
{
	char path[] = "/etc/passwd";

	judge(by_ring(IORING_SETUP_R_DISABLED, prep_open, path));
}

static void prep_socket(struct io_uring_sqe *sqe, void *arg)
{
	io_uring_prep_socket(sqe, AF_UNIX, SOCK_STREAM, 0, 0);
}

static void prep_connect(struct io_uring_sqe *sqe, void *arg)
{
	static struct sockaddr_un addr = { AF_UNIX, "/run/udrv/control" };

	io_uring_prep_connect(sqe, *(int *)arg, (struct sockaddr *)&addr, sizeof(addr));
}

static void ring_control(void)
{
	int fd = by_ring(IORING_SETUP_R_DISABLED, prep_socket, NULL);

	judge(fd < 0 ? fd : by_ring(IORING_SETUP_R_DISABLED, prep_connect, &fd));
}

static void ring_free(void)
{
	struct io_uring ring;
	int ret = io_uring_queue_init(4, &ring, 0);

	errno = -ret;
	judge(ret);
}

static void ring_register(void)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, IORING_SETUP_R_DISABLED) == 0)
		judge(io_uring_register_personality(&ring));
}

/* udrvd reads and writes the parameters for us. */
static void ring_nowhere(void)
{
	static const unsigned long nowhere[] = { 0, 4096, 1ul << 47, 1ul << 63, ~0ul };
	int made = 0;

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		made += syscall(SYS_io_uring_setup, 4, nowhere[i]) >= 0 || errno != EFAULT;
	outcome(made, "%d taken", made);
}

static void ring_many(void)
{
	struct io_uring ring;
	int n = 0;

	while (n < 1000 && io_uring_queue_init(1024, &ring, IORING_SETUP_R_DISABLED) == 0)
		n++;
	outcome(n > 8, "%d rings", n);
}

/* ---- exhaustion ------------------------------------------------------------------------ */

/* Only this process makes others, so that there is an end where nobody stops it. */
static void fork_bomb(void)
{
	int n = 0;

	for (pid_t pid = 0; n < 500 && (pid = fork()) >= 0; n++)
		if (pid == 0)
			for (;;)
				pause();
	outcome(n > 100, "%d processes, then %s", n, strerrorname_np(errno));
}

static void many_fds(void)
{
	int n = 0;

	while (n < 100000 && dup(0) >= 0)
		n++;
	outcome(n > 500, "%d more descriptors, then %s", n, strerrorname_np(errno));
}

static void fill_memory(void)
{
	const size_t step = 16u << 20;
	size_t n = 0;

	while (n < 64 && mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			      MAP_POPULATE, -1, 0) != MAP_FAILED)
		n++;
	outcome(n == 64, "%zu MiB, then %s", n * 16, strerrorname_np(errno));
}

static void fill_file(void)
{
	int fd = memfd_create("big", MFD_CLOEXEC);

	signal(SIGXFSZ, SIG_IGN);
	judge(ftruncate(fd, 1ll << 40));
}

/* Each of them is small enough. */
static void fill_files(void)
{
	static char block[1 << 20];
	int n = 0;

	while (n < 1000) {
		int fd = memfd_create("many", MFD_CLOEXEC);

		for (int i = 0; fd >= 0 && i < 4; i++, n++)
			if (write(fd, block, sizeof(block)) < 0)
				break;
		if (fd < 0)
			break;
	}
	outcome(n > 100, "%d MiB, then %s", n, strerrorname_np(errno));
}

static void flood_log(void)
{
	char line[256];

	memset(line, 'x', sizeof(line));
	line[255] = '\n';
	for (int i = 0; i < 40000; i++)		/* 10 MB */
		if (write(2, line, sizeof(line)) < 0 && errno != EAGAIN)
			break;
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 200000000 }, NULL);
	outcome(0, "10 MB written, the test looks");
}

static void flood_notify(void)
{
	char text[4096];
	int n = 0;

	memset(text, '\377', sizeof(text));
	for (int i = 0; i < 5000; i++)
		n += send(inherited("notify"), text, 1 + (size_t)rand() % sizeof(text), 0) > 0;
	outcome(n == 5000, "%d senseless messages taken", n);
}

static size_t fill(const char *name, off_t from)
{
	int fd = inherited(name);
	struct stat st;
	size_t len;
	void *at;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= from)
		return 0;
	len = (size_t)(st.st_size - from);
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, from);
	if (at == MAP_FAILED)
		return 0;
	memset(at, '\377', len);
	return len;
}

/* Counters, positions, indexes and lengths that udrvd or an endpoint reads: all of
 * them out of range.  The first page of the arena is ours to count in.  Without its
 * magic number nobody would look at the checkpoint page; it stays a disk's. */
static void scribble(void)
{
	static const uint32_t classes[] = { 99, UDRV_CLASS_NET, UDRV_CLASS_SND, UDRV_CLASS_BLK };
	size_t bytes = fill("checkpoint", 0) + fill("arena", 4096) + fill("trace", 0);
	struct udrv_checkpoint *page = mmap(NULL, UDRV_CHECKPOINT_SIZE, PROT_READ | PROT_WRITE,
					    MAP_SHARED, inherited("checkpoint"), 0);

	if (page == MAP_FAILED)
		return;
	page->magic = UDRV_CHECKPOINT_MAGIC;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		page->class = classes[i];
		nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	}
	outcome(bytes == 0, "%zu KiB, the test looks", bytes >> 10);
}

static void huge_frames(void)
{
	static char frame[1 << 20];
	int fd = inherited("tap"), taken = 0;

	/* Behind a header that asks for nothing; one of all ones is refused. */
	memset(frame + 12, '\377', sizeof(frame) - 12);
	for (size_t len = 1; len <= sizeof(frame); len += len / 3 + 1)
		taken += write(fd, frame, len) > 0;
	outcome(0, "%d taken by its own interface", taken);
}

/* Until the test has brought the interface up; bounded by its patience. */
static void wait_for_go(void)
{
	static const char frame[64 + 12], alive[] = "WATCHDOG=1";

	while (write(inherited("tap"), frame, sizeof(frame)) < 0 &&
	       send(inherited("notify"), alive, strlen(alive), 0) > 0)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static void persist(void)
{
	judge(ioctl(inherited("tap"), TUNSETPERSIST, 1));
}

static const struct attempt attempts[] = {
	{ "DMA to the kernel's memory", dma_kernel },
	{ "DMA below 1 MiB", dma_low },
	{ "DMA to another driver's rings", dma_rings },
	{ "all of its configuration space", config_space },
	{ "beyond its BAR", beyond_bar },
	{ "map 1 GiB for DMA", map_all },
	{ "reset its bus", hot_reset },
	{ "port 0xcf8 without leave", port_cf8 },
	{ "ioperm", port_ioperm },
	{ "iopl", port_iopl },
	{ "open /dev/vfio/vfio", open_vfio },
	{ "open /dev/mem", open_mem },
	{ "open /etc/shadow", open_shadow },
	{ "connect to udrvd's control socket", reach_control },
	{ "a socket to say things on", make_socket },
	{ "udrvd's descriptors in /proc", steal_fds },
	{ "pidfd_open of udrvd", pidfd_steal },
	{ "ptrace of udrvd", trace_parent },
	{ "write udrvd's memory", write_parent },
	{ "read others' memory", read_others },
	{ "kill everybody", kill_all },
	{ "kill udrvd", kill_parent },
	{ "outlive udrvd", outlive },
	{ "make its cell writable", make_writable },
	{ "reboot", do_reboot },
	{ "open a file through io_uring", ring_open },
	{ "udrvd's control socket through io_uring", ring_control },
	{ "a ring without restrictions", ring_free },
	{ "another user's rights for a ring", ring_register },
	{ "a ring's parameters where nothing is", ring_nowhere },
	{ "many rings", ring_many },
	{ "fork bomb", fork_bomb },
	{ "exhaust descriptors", many_fds },
	{ "fill the memory", fill_memory },
	{ "a file of 1 TiB in memory", fill_file },
	{ "fill the memory with files", fill_files },
	{ "fill the log", flood_log },
	{ "flood the notification socket", flood_notify },
	{ "nonsense in all that it shares", scribble },
	{ "huge and garbled frames", huge_frames },
	{ "keep its interface for ever", persist },
};

int main(void)
{
	return make_attempts(attempts, sizeof(attempts) / sizeof(attempts[0]), wait_for_go);
}
