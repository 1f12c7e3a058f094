"""One thread of a process that hangs: stopped by ptrace, while its siblings go on.

A process of its own holds it, because a thread that ends while it is traced waits to be seen by its tracer.
"""

import ctypes
import os
import signal

PTRACE_INTERRUPT, PTRACE_SEIZE = 0x4207, 0x4206  # linux/ptrace.h
WAIT_ALL = 0x40000000  # __WALL, linux/wait.h: threads as well as processes

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, tid):
    if _libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")


class Frozen:
    """`with Frozen(tid):` the thread does not move, unless a fatal signal ends it."""

    def __init__(self, tid):
        read_fd, write_fd = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._hold(tid, write_fd)
        os.close(write_fd)
        with os.fdopen(read_fd, encoding="utf-8") as pipe:
            said = pipe.readline()
        if said != "frozen\n":
            os.waitpid(self._pid, 0)
            raise AssertionError(f"cannot freeze thread {tid}: {said}")

    @staticmethod
    def _hold(tid, write_fd):
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _ptrace(PTRACE_SEIZE, tid)
            _ptrace(PTRACE_INTERRUPT, tid)
            os.waitpid(tid, WAIT_ALL)
            os.write(write_fd, b"frozen\n")
            while True:  # a stop of any kind is left as it is; the end of the thread is seen, and ends this
                _, status = os.waitpid(tid, WAIT_ALL)
                if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                    break
        except OSError as error:
            os.write(write_fd, f"{error}\n".encode())
        finally:
            os._exit(0)

    def release(self):
        """The tracer ends, and with it the freeze."""
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
            self._pid = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.release()

