"""Being told to stop: which signal it was, and an end within seconds whatever a run is doing.

What belongs here: hearing SIGINT and SIGTERM beside Dagster, which makes one of both. What does not: how a step
gives way (boundary.py), and what to say about what is published (cli/).

Python calls a handler only between two of its own instructions, so a long call of native code holds a signal up.
The number of the signal is written to a pipe at once; a thread reads it there, and when the run has not ended by
itself in time, ends the process. A run may die at any instant, so nothing is lost by that.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

GRACE = 5.0
"""Seconds in which a run may end by itself; `docker stop` kills after ten, systemd after ninety."""


@dataclass
class Interruption:
    """The signal that came; 0 while none has."""

    number: int = 0

    @property
    def words(self) -> str:
        return f"interrupted by {signal.Signals(self.number).name}"

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended."""
        return 128 + self.number


@contextmanager
def interruptible(last_words: Callable[[Interruption], str]) -> Iterator[Interruption]:
    """Work that SIGINT and SIGTERM end; afterwards the value says which of them came, if one did.

    `last_words` gives the line for the terminal when the process has to be ended in the middle of something.
    To be entered in the main thread, where alone Python hears signals.
    """
    interruption, ended = Interruption(), threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    terminal = os.dup(2)  # the boundary silences the number 2

    def wait() -> None:
        while byte := os.read(reading, 1):
            if byte[0] in (signal.SIGINT, signal.SIGTERM):
                interruption.number = byte[0]
                if not ended.wait(GRACE):
                    os.write(terminal, f"{last_words(interruption)}\n".encode())
                    os._exit(interruption.exit_code)
                return

    thread = threading.Thread(target=wait, name="signals", daemon=True)
    handlers = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread.start()
    try:
        yield interruption
    except KeyboardInterrupt:
        pass
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
        thread.join()
        os.close(reading)
        os.close(terminal)
        for number, handler in handlers.items():
            signal.signal(number, handler)
