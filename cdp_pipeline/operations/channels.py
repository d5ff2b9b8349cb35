"""The ways out for an alert: a command, a webhook, e-mail through a relay.

What belongs here: carrying one alert over one channel, or raising. What does not: when, and what is
said (alerts.py). Nothing is retried here; the next look at the nights tries again what failed.
"""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial
from http.client import HTTPException

from cdp_pipeline.project.shapes import Email, Settings

SECONDS = 20
"""How long one channel may take; a hanging relay must not hold up a night."""
FAILURES = (OSError, ValueError, KeyError, subprocess.SubprocessError, HTTPException)
"""What a channel raises when it did not carry the alert; smtplib's and urllib's errors are OSErrors."""
Send = Callable[[str, str, Mapping[str, object]], None]  # title, text, the alert as plain data


def channels_of(settings: Settings) -> list[tuple[str, Send]]:
    """Name and way of every channel that project.yml asks for."""
    found: list[tuple[str, Send]] = []
    asked = settings.alerts
    if asked.command:
        found.append(("command", partial(_run, asked.command, settings.key_env)))
    if asked.webhook_env:
        found.append(("webhook", partial(_post, asked.webhook_env)))
    if asked.email:
        found.append(("email", partial(_mail, asked.email)))
    return found


def _run(words: tuple[str, ...], key_env: str, title: str, text: str, alert: Mapping[str, object]) -> None:
    """The alert as JSON on standard input; the secret key is not in the command's environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(key_env)}
    told = json.dumps({**alert, "title": title, "text": text}, ensure_ascii=False)
    subprocess.run(  # noqa: S603  the words are those of project.yml, and no shell reads them
        words, input=told, encoding="utf-8", env=kept, timeout=SECONDS, check=True, capture_output=True
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
