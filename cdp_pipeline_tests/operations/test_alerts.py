"""An alert is written down once, carried by every channel, and never hides what it is about."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdp_pipeline.operations.alerts import FILE, Alert, Cause, read_alerts, tell, try_channels
from cdp_pipeline.project.shapes import Alerts, Email, Settings

ALERT = Alert(
    event="run:1",
    kind="blocked",
    night="2026-07-01",
    causes=(Cause("check sums_agree failed on 5 rows", "webshop team <shop@example.org>", "deliver the orders again"),),
    next_step="cdp run --as-of 2026-07-01",
)


def settings(**alerts: object) -> Settings:
    return Settings(name="test", alerts=Alerts(**alerts))  # type: ignore[arg-type]


def script(folder: Path, body: str) -> tuple[str, ...]:
    """A command that a shell runs."""
    path = folder / "channel.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return (str(path),)


def test_without_a_channel_an_alert_is_written_all_the_same(tmp_path: Path) -> None:
    """DATA/alerts.jsonl has the event, its owner and its cure, and only its owner may read it."""
    assert tell(tmp_path / "data", settings(), ALERT) == []
    path = tmp_path / "data" / FILE
    (entry,) = (json.loads(line) for line in path.read_text().splitlines())
    assert entry["event"] == "run:1"
    assert entry["causes"] == [
        {"what": ALERT.causes[0].what, "owner": ALERT.causes[0].owner, "fix": ALERT.causes[0].fix}
    ]
    assert entry["text"] == ALERT.text
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_text_says_what_whose_and_what_to_do() -> None:
    """Somebody who has just woken up needs no other page."""
    lines = ALERT.text.splitlines()
    assert lines[0] == "cdp, night of 2026-07-01: a check stands before publication"
    assert "- check sums_agree failed on 5 rows" in lines
    assert "  owner: webshop team <shop@example.org>" in lines
    assert "  to do: deliver the orders again" in lines
    assert lines[-1] == "Then: cdp run --as-of 2026-07-01"


def test_a_command_gets_the_alert_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an event is noticed, the command is called once, with JSON and without the secret key."""
    monkeypatch.setenv("CDP_KEY", "a secret of this test")
    asked = settings(command=script(tmp_path, f"cat >> {tmp_path}/got; echo >> {tmp_path}/got; env >> {tmp_path}/env"))
    for _ in range(3):
        assert tell(tmp_path, asked, ALERT) == []
    (got,) = (tmp_path / "got").read_text().splitlines()
    assert json.loads(got)["text"] == ALERT.text
    assert "a secret of this test" not in (tmp_path / "env").read_text()
    assert [entry["sent"] for entry in read_alerts(tmp_path)] == [{"command": "sent"}]


def test_a_failing_channel_is_said_and_tried_again(tmp_path: Path) -> None:
    """Trouble with a channel comes back as a line, hides nothing, and the next look tries that channel again."""
    broken = settings(command=("/nowhere/to/be/found",))
    (problem,) = tell(tmp_path, broken, ALERT)
    assert "command" in problem
    assert "FileNotFoundError" in problem
    assert [entry["sent"] for entry in read_alerts(tmp_path)] == [{"command": "FileNotFoundError"}]
    assert tell(tmp_path, settings(command=script(tmp_path, "exit 0")), ALERT) == []
    assert [entry["sent"] for entry in read_alerts(tmp_path)] == [{"command": "sent"}]
    failing = settings(command=script(tmp_path, "exit 3"))
    (problem,) = tell(tmp_path / "other", failing, ALERT)
    assert "CalledProcessError" in problem


def test_a_channel_that_fails_keeps_no_other_from_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook whose address nobody set does not keep the command from being called."""
    monkeypatch.delenv("CDP_ALERT_WEBHOOK_OF_THIS_TEST", raising=False)
    both = settings(command=script(tmp_path, f"cat > {tmp_path}/got"), webhook_env="CDP_ALERT_WEBHOOK_OF_THIS_TEST")
    (problem,) = tell(tmp_path, both, ALERT)
    assert "webhook (KeyError)" in problem
    assert (tmp_path / "got").exists()


def test_a_file_that_cannot_be_written_stops_no_alert(tmp_path: Path) -> None:
    """On a full or broken disk the channels are used all the same."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).mkdir()
    problems = tell(tmp_path / "data", settings(command=script(tmp_path, f"cat > {tmp_path}/got")), ALERT)
    assert any("could not be written" in problem for problem in problems)
    assert (tmp_path / "got").exists()


def test_half_a_line_of_a_killed_process_is_passed_over(tmp_path: Path) -> None:
    """The next alert stands on a line of its own, and both readings find it."""
    (tmp_path / FILE).write_text('{"event": "run:0", "at"')
    assert tell(tmp_path, settings(), ALERT) == []
    assert [entry["event"] for entry in read_alerts(tmp_path)] == ["run:1"]


def test_a_webhook_gets_json_with_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address stands in the environment; chat servers show the field `text`."""
    with webhook() as (address, got):
        monkeypatch.setenv("CDP_ALERT_WEBHOOK_OF_THIS_TEST", address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert tell(tmp_path, settings(webhook_env="CDP_ALERT_WEBHOOK_OF_THIS_TEST"), ALERT) == []
    assert [body["text"] for body in got] == [ALERT.text]
    monkeypatch.setenv("CDP_ALERT_WEBHOOK_OF_THIS_TEST", "ftp://127.0.0.1/alerts")
    assert try_channels(settings(webhook_env="CDP_ALERT_WEBHOOK_OF_THIS_TEST"))


def test_mail_goes_to_the_relay(tmp_path: Path) -> None:
    """One message to everybody named, with the title as its subject."""
    with relay() as (address, got):
        mail = Email(to=("a@example.org", "b@example.org"), sender="cdp@example.org", relay=address)
        assert tell(tmp_path, settings(email=mail), ALERT) == []
    text = "\n".join(got)
    assert "rcpt TO:<a@example.org>" in text
    assert "rcpt TO:<b@example.org>" in text
    assert "Subject: cdp, night of 2026-07-01: a check stands before publication" in text
    assert "  owner: webshop team <shop@example.org>" in text


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A web server on this machine that keeps the JSON it is sent."""
    got: list[dict[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", got
        server.shutdown()


@contextmanager
def relay() -> Iterator[tuple[str, list[str]]]:
    """A mail relay on this machine that keeps every line it is told."""
    got: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 relay\r\n")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                got.append(line)
                in_data = line == "data" or (in_data and line != ".")
                answer = "354 go on" if line == "data" else "221 bye" if line == "QUIT" else "250 ok"
                if not in_data or line == "data":
                    self.wfile.write(f"{answer}\r\n".encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", got
        server.shutdown()
