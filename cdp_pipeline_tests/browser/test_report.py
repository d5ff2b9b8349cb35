"""The report page in a real browser: it asks nothing of the network, and nothing sticks out on a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cdp_pipeline_tests.reports.made_up import made_up_run

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files",
    "--virtual-time-budget=2000", "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
BROWSERS_OWN = "not an origin"  # what the browser itself asks for, whatever page is open; it gets no answer

pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_run(tmp_path_factory.mktemp("browser")).folder / "reports" / "index.html"


def opened(page: Path, folder: Path) -> tuple[str, list[str], list[str]]:
    """The document after loading, messages of the console, and every address the page asked for."""
    assert BROWSER
    log = folder / "net.json"
    done = subprocess.run(
        [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event.get("params", {}) for event in events]
    asked = [request for request in asked if request.get("initiator", BROWSERS_OWN) != BROWSERS_OWN]
    remote = [request["url"] for request in asked if re.match(r"(https?|wss?|ftp):", request["url"])]
    return done.stdout, console, remote


def test_opening_the_page_asks_nothing_of_the_network(page: Path, tmp_path: Path) -> None:
    """No request leaves the machine, and the console stays silent."""
    dom, console, remote = opened(page, tmp_path)
    assert 'id="audiences"' in dom
    assert console == []
    assert remote == []


def test_a_request_would_have_been_seen(tmp_path: Path) -> None:
    """The test above can fail: a page with a picture from elsewhere is caught."""
    guilty = tmp_path / "guilty.html"
    picture = '<img src="http://pictures.invalid/x.png"><script>missing()</script>'
    guilty.write_text(picture, encoding="utf-8")
    _, console, remote = opened(guilty, tmp_path)
    assert "http://pictures.invalid/x.png" in remote
    assert len(console) >= 1


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out(page: Path, tmp_path: Path, width: int) -> None:
    """On a phone, a tablet and a screen the page fits the window, and no chart is flat."""
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"""<iframe src="{page.as_uri()}" style="width:{width}px;height:900px;border:0"></iframe><script>
        onload = () => {{
            const inside = document.querySelector("iframe").contentDocument;
            const flat = [...inside.querySelectorAll(".chart, .funnel, .columns, .flow")]
                .filter(e => !e.closest("details:not([open])") && e.getBoundingClientRect().height < 8);
            document.title = [inside.documentElement.scrollWidth, flat.length].join(" ");
        }}</script>""",
        encoding="utf-8",
    )
    dom, _, _ = opened(frame, tmp_path)
    found = re.search(r"<title>(\d+) (\d+)</title>", dom)
    assert found
    assert int(found[1]) <= width
    assert int(found[2]) == 0
