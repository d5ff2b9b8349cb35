"""Telling somebody that a night went wrong: once an event, over every channel, and always in a file.

What belongs here: what an alert says, the log DATA/alerts.jsonl, and the ways out: a command, a webhook, e-mail
through a relay. What does not: noticing that something went wrong (runs.py, nights.py).

An alert names checks, files, tables and counts, never a value of a person. Nothing is retried here; the next look at
the nights tries again what failed.
"""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from cdp_pipeline.project.shapes import Email, Settings
from cdp_pipeline.run.whole_file import append_line

FILE = "alerts.jsonl"  # in the data folder
SENT = "sent"
SECONDS = 20
"""How long one channel may take; a hanging relay must not hold up a night."""
FAILURES = (OSError, ValueError, KeyError, subprocess.SubprocessError, HTTPException)
"""What a channel raises when it did not carry the alert; smtplib's and urllib's errors are OSErrors."""
Send = Callable[[str, str, Mapping[str, object]], None]  # title, text, the alert as plain data
Kind = Literal["failed", "blocked", "late", "did_not_start"]
_TITLES: Mapping[str, str] = {
    "failed": "the run failed",
    "blocked": "a check stands before publication",
    "late": "the run is late",
    "did_not_start": "the run did not start",
}


@dataclass(frozen=True)
class Cause:
    """What happened, whose it is, and what to do."""

    what: str
    owner: str
    fix: str


@dataclass(frozen=True)
class Alert:
    """One event of one night. `event` is its name, the same however often it is noticed."""

    event: str
    kind: Kind
    night: str
    causes: tuple[Cause, ...]
    next_step: str
    run_id: str = ""

    @property
    def title(self) -> str:
        return f"cdp, night of {self.night}: {_TITLES[self.kind]}"

    @property
    def text(self) -> str:
        """The alert as plain lines, for people."""
        lines = [self.title, "Nothing was published; what was published before is as it was.", ""]
        for cause in self.causes:
            lines += [f"- {cause.what}", f"  owner: {cause.owner}", f"  to do: {cause.fix}"]
        return "\n".join([*lines, "", f"Then: {self.next_step}"])


def tell(data: Path, settings: Settings, alert: Alert) -> list[str]:
    """Write an alert down and send it over every channel that has not carried it yet; returns what went wrong.

    Never raises: an alert that cannot be sent must not hide what it is about.
    """
    problems: list[str] = []
    try:
        data.mkdir(parents=True, exist_ok=True)
        with FileLock(data / ".alerts.lock", timeout=60, mode=0o600):
            _tell(data, settings, alert, problems)
    except (OSError, Timeout) as error:
        problems.append(f"the alert could not be written to {data / FILE}: {type(error).__name__}")
        problems += _send(settings, alert, {})[1]
    return problems


def try_channels(settings: Settings) -> list[str]:
    """Send a trial alert over every channel, writing nothing down; returns what went wrong."""
    cause = Cause("this is a trial: nothing is wrong", settings.alerts.owner, "nothing")
    return _send(settings, Alert("trial", "failed", "a trial", (cause,), "nothing"), {})[1]


def read_alerts(data: Path) -> list[dict[str, Any]]:
    """Every alert that was written, oldest first, each with the latest word on its channels; [] without any."""
    path = data / FILE
    entries: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
            entries[entry["event"]] = {**entries.get(entry["event"], {}), **entry}
        except (json.JSONDecodeError, KeyError, TypeError):
            continue  # half a line, of a process that died while it wrote
    return list(entries.values())


def _tell(data: Path, settings: Settings, alert: Alert, problems: list[str]) -> None:
    earlier = next((entry for entry in read_alerts(data) if entry["event"] == alert.event), None)
    before = earlier.get(SENT) if earlier else None
    carried = {name: str(state) for name, state in before.items()} if isinstance(before, dict) else {}
    if earlier is None:
        append_line(data / FILE, _line({**asdict(alert), "text": alert.text, SENT: {}}), "alert")
    states, failures = _send(settings, alert, carried)
    problems += failures
    if states != carried:
        append_line(data / FILE, _line({"event": alert.event, SENT: states}), "alert")


def _send(settings: Settings, alert: Alert, carried: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Channel -> "sent" or what went wrong; and the failures as lines for the terminal."""
    outcome, problems = dict(carried), []
    for name, send in channels_of(settings):
        if carried.get(name) == SENT:
            continue
        try:
            send(alert.title, alert.text, asdict(alert))
            outcome[name] = SENT
        except FAILURES as error:
            outcome[name] = type(error).__name__
            problems.append(f"the alert could not be sent by {name} ({type(error).__name__}); it stands in {FILE}")
    return outcome, problems


def _line(entry: Mapping[str, object]) -> str:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"at": at, **entry}, ensure_ascii=False, sort_keys=True)


def channels_of(settings: Settings) -> list[tuple[str, Send]]:
    """Name and way of every channel that project.yml asks for."""
    channels: list[tuple[str, Send]] = []
    alerts = settings.alerts
    if alerts.command:
        channels.append(("command", partial(_run, alerts.command, settings.key_env)))
    if alerts.webhook_env:
        channels.append(("webhook", partial(_post, alerts.webhook_env)))
    if alerts.email:
        channels.append(("email", partial(_mail, alerts.email)))
    return channels


def _run(words: tuple[str, ...], key_env: str, title: str, text: str, alert: Mapping[str, object]) -> None:
    """The alert as JSON on standard input; the secret key is not in the command's environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(key_env)}
    message = json.dumps({**alert, "title": title, "text": text}, ensure_ascii=False)
    subprocess.run(  # noqa: S603  the words are those of project.yml, and no shell reads them
        words, input=message, encoding="utf-8", env=environment, timeout=SECONDS, check=True, capture_output=True
    )


def _post(variable: str, title: str, text: str, alert: Mapping[str, object]) -> None:
    """A POST of JSON; chat servers show its `text`."""
    address = os.environ[variable]
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{variable} holds no http address")
    body = json.dumps({**alert, "title": title, "text": text}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310  the scheme was looked at
        pass


def _mail(email: Email, title: str, text: str, _: Mapping[str, object]) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = title, email.sender, ", ".join(email.to)
    message.set_content(text)
    host, port = email.relay.split(":")
    with smtplib.SMTP(host, int(port), timeout=SECONDS) as relay:
        relay.send_message(message)
