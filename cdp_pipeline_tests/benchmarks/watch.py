"""Run a command and see what it costs: seconds, processor seconds, and memory while each stage runs.

What belongs here: one process watched from outside. What does not: what the commands mean.
A stage is the word before the dot of the lines `stage.table: N rows` that the command prints. A line is
printed when its table is done, so what is used between two lines counts for the stage of the second;
what is used before the first line counts for the stage "start".
That is approximate: tables of several stages take turns, checks run between them, and memory that a
process has taken is not always given back at once.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

EVERY_SECONDS = 0.05
_DONE = re.compile(r"^([a-z_]+)\.[a-z0-9_]+(?:: [\d,]+ rows)?$")


@dataclass(frozen=True)
class Cost:
    """What one command took. Seconds are of the wall clock, memory is resident and in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    lines: tuple[str, ...] = ()
    stage_seconds: dict[str, float] = field(default_factory=dict)
    stage_peak_mb: dict[str, float] = field(default_factory=dict)


def watch(command: Sequence[str], cwd: Path) -> Cost:
    """Run `command` in `cwd` to its end; raises RuntimeError with its last words when it fails.

    Processor seconds and the whole's peak are the kernel's own count (wait4); the peaks of the stages
    are samples of VmRSS, taken every 50 ms.
    """
    quiet = {"DAGSTER_DISABLE_TELEMETRY": "1", "GX_ANALYTICS_ENABLED": "false", "PYTHONUNBUFFERED": "1"}
    started = time.perf_counter()
    spoken: list[tuple[float, str]] = []
    samples: list[tuple[float, float]] = []
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, cwd=cwd, env=os.environ | quiet, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        out = process.stdout
        assert out is not None

        def listen() -> None:
            for line in out:
                spoken.append((time.perf_counter() - started, line.rstrip()))

        listener = threading.Thread(target=listen)
        listener.start()
        while True:
            samples.append((time.perf_counter() - started, _resident_mb(process.pid)))
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(EVERY_SECONDS)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        listener.join()
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"exit code {process.returncode}: {errors.read()[-2000:]}")
    lasted, peaks = _by_stage(spoken, samples)
    return Cost(
        seconds,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * 1024 / 1e6,
        tuple(line for _, line in spoken),
        lasted,
        peaks,
    )


def _resident_mb(pid: int) -> float:
    """VmRSS of a process now; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _by_stage(
    spoken: Sequence[tuple[float, str]], samples: Sequence[tuple[float, float]]
) -> tuple[dict[str, float], dict[str, float]]:
    """Stage -> seconds before its lines, and stage -> highest sample before its lines."""
    stages = [(at, match[1]) for at, line in spoken if (match := _DONE.match(line))]
    seconds: dict[str, float] = {}
    peaks: dict[str, float] = {}
    since = 0.0
    done = [(at, stage if number else "start") for number, (at, stage) in enumerate(stages)]
    for at, stage in done:
        seconds[stage] = seconds.get(stage, 0.0) + at - since
        seen = [mb for when, mb in samples if since < when <= at]
        peaks[stage] = max([peaks.get(stage, 0.0), *seen])
        since = at
    return seconds, peaks
