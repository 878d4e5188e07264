"""How a training uses the processor that it shares."""

import ctypes
import os

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def leave_a_core() -> None:
    """Compute with all cores but one, and one where there is but one. Before a fork this starts no thread."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(max(cores - 1, 1))


def keep_freed_memory() -> None:
    """Have glibc keep what each layer frees for the next step; where another C library is at work, nothing happens.

    Handed back to the kernel, memory is cleared anew at every step, which took a third of the time on a CPU.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
