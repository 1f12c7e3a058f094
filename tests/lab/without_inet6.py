#!/usr/bin/python3
"""without_inet6.py PROGRAM [ARGUMENT...]: run it where socket(AF_INET6) fails with EAFNOSUPPORT.

That is what a kernel booted with ipv6.disable=1 answers. Done with a seccomp filter (classic BPF over the
system call's number and first argument), so that no kernel has to be booted.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

SYS_SOCKET = {"x86_64": 41, "aarch64": 198}  # asm/unistd.h
AF_INET6 = 10
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER_AT, ARGUMENT_AT = 0, 16  # struct seccomp_data


def install():
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in (
        (LOAD, 0, 0, NUMBER_AT),
        (JUMP_EQUAL, 0, 3, SYS_SOCKET[platform.machine()]),
        (LOAD, 0, 0, ARGUMENT_AT),
        (JUMP_EQUAL, 0, 1, AF_INET6),
        (RETURN, 0, 0, RET_ERRNO | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, RET_ALLOW)))
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)):
        if libc.prctl(*call, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    install()
    os.execv(sys.argv[1], sys.argv[1:])
