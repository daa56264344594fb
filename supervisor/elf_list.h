/* SPDX-License-Identifier: MIT */
/* elf_list.h - what a program needs to run. */
#ifndef UDRVD_ELF_LIST_H
#define UDRVD_ELF_LIST_H

/*
 * Calls need() for the dynamic linker and each library of a program, as that
 * linker finds them; for none, if the program is static.  0, -ENOEXEC (not an
 * ELF program of this machine), or -errno.  Executes nothing of the program.
 */
int udrvd_elf_libraries(const char *program, void (*need)(void *arg, const char *path), void *arg);

#endif /* UDRVD_ELF_LIST_H */
