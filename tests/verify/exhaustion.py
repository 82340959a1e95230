"""A process that may have no further thread, for real: a stack this large fits into no address space."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_thread_to_be_had() -> Iterator[None]:
    usual = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(usual)
