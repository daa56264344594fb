// SPDX-License-Identifier: MIT
/* elf_list.c - the libraries of a program, as its own dynamic linker lists them. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf_list.h"

#define SEGMENTS	64

/* The dynamic linker that the program names; "" if it names none. */
static int read_interpreter(int fd, char *path, size_t size)
{
	ElfW(Ehdr) head;
	ElfW(Phdr) segment[SEGMENTS];
	ssize_t len;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_phentsize != sizeof(segment[0]) || head.e_phnum > SEGMENTS)
		return -ENOEXEC;
	len = (ssize_t)(head.e_phnum * sizeof(segment[0]));
	if (pread(fd, segment, (size_t)len, (off_t)head.e_phoff) != len)
		return -ENOEXEC;
	path[0] = '\0';
	for (int i = 0; i < head.e_phnum; i++) {
		const ElfW(Phdr) *s = &segment[i];

		if (s->p_type != PT_INTERP)
			continue;
		if (s->p_filesz < 2 || s->p_filesz > size ||
		    pread(fd, path, s->p_filesz, (off_t)s->p_offset) != (ssize_t)s->p_filesz ||
		    path[0] != '/' || path[s->p_filesz - 1])
			return -ENOEXEC;
	}
	return 0;
}

/* "	NAME => PATH (ADDRESS)", or "	PATH (ADDRESS)" */
static char *path_of(char *line)
{
	char *arrow = strstr(line, "=> "), *path = arrow ? arrow + 3 : line + strspn(line, "\t ");

	path[strcspn(path, " \n")] = '\0';
	return path[0] == '/' ? path : NULL;
}

static pid_t start_linker(char *linker, const char *program, int *out)
{
	char list[] = "--list", *argv[] = { linker, list, (char *)program, NULL };
	char *env[] = { NULL };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		if (dup2(ends[1], 1) >= 0)
			execve(linker, argv, env);
		_exit(127);
	}
	close(ends[1]);
	*out = ends[0];
	if (pid < 0)
		close(ends[0]);
	return pid < 0 ? -errno : pid;
}

int udrvd_elf_libraries(const char *program, void (*need)(void *arg, const char *path), void *arg)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC), ret, out = -1, status;
	char linker[256], line[512];
	pid_t pid;
	FILE *f;

	if (fd < 0)
		return -errno;
	ret = read_interpreter(fd, linker, sizeof(linker));
	close(fd);
	if (ret || !linker[0])
		return ret;
	need(arg, linker);
	pid = start_linker(linker, program, &out);
	if (pid < 0)
		return pid;
	f = fdopen(out, "r");
	while (f && fgets(line, sizeof(line), f)) {
		const char *path = path_of(line);

		if (path)
			need(arg, path);
	}
	if (f)
		fclose(f);
	if (waitpid(pid, &status, 0) != pid || status)
		return -ELIBACC;
	return 0;
}
