#!/usr/bin/env python3
"""no_landlock.py COMMAND...: as on a kernel without Landlock, whose calls end with ENOSYS. A filter for
x86_64 and aarch64, where the three calls have the same numbers.
Source: linux/seccomp.h, linux/filter.h, asm-generic/unistd.h of Linux 6.1."""
import ctypes
import os
import struct
import sys

LANDLOCK_FIRST, LANDLOCK_LAST = 444, 446
ENOSYS = 38
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD_WORD, JUMP_IF_NOT_LESS, JUMP_IF_MORE, RETURN = 0x20, 0x35, 0x25, 0x06  # then, else: steps to skip
ALLOW, ERRNO = 0x7fff0000, 0x00050000

program = b''.join(struct.pack('=HBBI', *step) for step in [
    (LOAD_WORD, 0, 0, 0),  # the call's number
    (JUMP_IF_NOT_LESS, 0, 2, LANDLOCK_FIRST),
    (JUMP_IF_MORE, 1, 0, LANDLOCK_LAST),
    (RETURN, 0, 0, ERRNO | ENOSYS),
    (RETURN, 0, 0, ALLOW),
])
steps = ctypes.create_string_buffer(program, len(program))
filter_of = struct.pack('@HP', len(program) // 8, ctypes.addressof(steps))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, filter_of, 0, 0):
    sys.exit('no_landlock: %s' % os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
