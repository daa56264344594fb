#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fdstore.py PROGRAM [WORDS]: what systemd does for a service with
FileDescriptorStoreMax= and Restart=always, and no more: keeps what the program
sends with FDSTORE=1, and gives it to the next one (sd_listen_fds(3)).

Ends at SIGTERM, with the program; SIGUSR1 ends the program in order, and starts
another one.
"""
import array
import os
import signal
import socket
import sys

ADDRESS = "\0fdstore-test"


def start(store):
    pid = os.fork()
    if pid:
        return pid
    env = dict(os.environ, NOTIFY_SOCKET="@" + ADDRESS[1:], LISTEN_PID=str(os.getpid()),
               LISTEN_FDS=str(len(store)), LISTEN_FDNAMES=":".join(store))
    # Out of the way first, then to 3, 4, ...
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(store.values())]
    os.closerange(3, 100)
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i, inheritable=True)
    os.closerange(100, 200)
    os.execve(sys.argv[1], sys.argv[1:], env)


def receive(sock, store):
    text, control, _, _ = sock.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
    fds = array.array("i")
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data)
    words = dict(line.split("=", 1) for line in text.decode().split("\n") if "=" in line)
    if words.get("FDSTORE") == "1":
        store[words["FDNAME"]] = fds[0]
    elif words.get("FDSTOREREMOVE") == "1":
        os.close(store.pop(words["FDNAME"]))
    print(words, flush=True)


def main():
    store, ending = {}, False
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.bind(ADDRESS)
    signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    pid = start(store)
    while True:
        got = signal.sigtimedwait(signals, 0.02)
        try:
            while True:
                receive(sock, store)
        except BlockingIOError:
            pass
        if not got:
            continue
        if got.si_signo == signal.SIGCHLD:
            if os.waitpid(pid, os.WNOHANG)[0] != pid:
                continue
            if ending:
                return
            pid = start(store)
        else:
            ending = got.si_signo == signal.SIGTERM
            os.kill(pid, signal.SIGTERM)


main()
