"""A run that is told to stop ends within seconds, says by what, and leaves the handlers as they were."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from cdp_pipeline.run.interruption import interruptible

DEAF = """
import hashlib, threading
from cdp_pipeline.run import interruption
interruption.GRACE = 0.2
with interruption.interruptible(lambda stop: f"{stop.words}; last words"):
    # said a second later by a thread: a signal before the native code began would be heard by Python itself
    threading.Timer(1, print, ["working"], {"flush": True}).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # native code that looks at no signal for minutes
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_work_and_is_named(number: signal.Signals) -> None:
    """What comes after the block runs, and knows which signal it was and with what to end."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    reached = False
    with interruptible(lambda stop: "") as stop:
        os.kill(os.getpid(), number)
        time.sleep(30)
        reached = True
    assert not reached
    assert stop.words == f"interrupted by {number.name}"
    assert stop.exit_code == 128 + number
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_work_that_nobody_stops_is_as_ever() -> None:
    """No signal, no number; an error of the work passes."""
    with interruptible(lambda stop: "") as stop:
        pass
    assert stop.number == 0
    with pytest.raises(ValueError, match="mine"), interruptible(lambda stop: ""):
        raise ValueError("mine")


def test_native_code_that_is_deaf_is_ended_all_the_same() -> None:
    """Python could call no handler for minutes; the process ends after the grace, with its last words."""
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGTERM)
    _, last_words = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert last_words == "interrupted by SIGTERM; last words\n"
