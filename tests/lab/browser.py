"""A browser without a screen in a namespace, and what a person would see and do in it.

How it works: Chromium is spoken to by the DevTools protocol over two pipes (its descriptors 3 and 4; each message is
JSON and ends in a NUL), so it needs no port in the namespace and no package here. It starts with a profile of its own
and is kept from asking anybody for anything by itself.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from .deadline import until

CHROMIUM = "chromium"
FLAGS = ("--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
         "--disable-extensions", "--disable-sync", "--hide-scrollbars", "--mute-audio", "--password-store=basic")
START_SECONDS = 60  # generous: a cold start on a loaded machine
ANSWER_SECONDS = 30
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}  # Windows key codes, which the protocol wants, and text


def _pipe():
    """Both ends above 9, so that none is in the way of the browser's 3 and 4."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


class Browser:
    """One Chromium with one page."""

    def __init__(self, ns):
        self._profile = tempfile.mkdtemp(prefix="vtapd-browser-")
        self._log = open(os.path.join(self._profile, "stderr"), "w+b")  # pylint: disable=consider-using-with
        command_fd, self._commands = _pipe()
        self._answers, answer_fd = _pipe()
        self._process = ns.start(
            "bash", "-c", f'exec "$@" 3<&{command_fd} 4>&{answer_fd}', "bash", CHROMIUM, "--no-sandbox", *FLAGS,
            f"--user-data-dir={self._profile}", stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            pass_fds=(command_fd, answer_fd), env={**os.environ, "HOME": self._profile, "TMPDIR": self._profile})
        os.close(command_fd)
        os.close(answer_fd)
        self._rest, self._next_id, self._session = b"", 1, None
        self._replies = {}
        self.events = []
        page = self.call("Target.createTarget", seconds=START_SECONDS, url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")

    # The protocol

    def call(self, method, seconds=ANSWER_SECONDS, **params):
        """The result of a command."""
        number, self._next_id = self._next_id, self._next_id + 1
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while number not in self._replies:
            self._read(end - time.monotonic(), method)
        reply = self._replies.pop(number)
        assert "error" not in reply, f"{method}: {reply['error']}"
        return reply["result"]

    def _read(self, seconds, what):
        if not select.select([self._answers], [], [], max(seconds, 0))[0]:
            raise AssertionError(f"{CHROMIUM} does not answer {what}:\n{self.log()}")
        piece = os.read(self._answers, 1 << 20)
        assert piece, f"{CHROMIUM} has ended:\n{self.log()}"
        *messages, self._rest = (self._rest + piece).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._replies[message["id"]] = message
            else:
                self.events.append(message)

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]

    # Seeing

    def open(self, url, width=1280, height=1000, scheme="light", is_phone=False):
        """Load a page in a window of this size."""
        self.resize(width, height, is_phone)
        self.use_scheme(scheme)
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", f"{url} is loaded")

    def resize(self, width, height=1000, is_phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)

    def use_scheme(self, scheme):
        """The colours that the person prefers: "light" or "dark"; and no motion."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                          {"name": "prefers-reduced-motion", "value": "reduce"}])

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, expression, what, seconds=15.0, seen="document.body.innerText"):
        """Until an expression is true; returns its value."""
        return until(lambda: self.evaluate(expression), what, seconds, seen=lambda: self.evaluate(seen))

    def text(self, selector):
        """What an element shows, as a person reads it; None when there is none, "" when it is hidden."""
        return self.evaluate(f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
                             "return node && (node.checkVisibility() ? node.innerText : ''); })()")

    def texts(self, selector):
        """Likewise of every element that is shown."""
        return self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})]"
                             ".filter((node) => node.checkVisibility()).map((node) => node.innerText.trim())")

    def wait_text(self, selector, wanted, seconds=15.0):
        """Until an element shows a text that has `wanted` in it."""
        return until(lambda: wanted in (self.text(selector) or "") and self.text(selector),
                     f"{selector} shows {wanted!r}", seconds, seen=lambda: self.text(selector))

    def screenshot(self, path, is_whole=True):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))

    # Doing

    def click(self, selector):
        """With the mouse, in the middle of an element."""
        x, y = self.evaluate(f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
                             "node.scrollIntoView({ block: 'center' }); const box = node.getBoundingClientRect();"
                             "return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        self.point(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def point(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def focus(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")

    def press(self, key):
        code, text = KEYS[key]
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def write(self, selector, text):
        """Into a field that is empty."""
        self.focus(selector)
        self.call("Input.insertText", text=text)

    # Looking back

    def requested(self):
        """The addresses of everything that the page asked for."""
        self.evaluate("0")
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """Exceptions, violations of the policy and what else the console shows; not answers that say 503, nor that
        there was none, which is for the page to tell."""
        self.evaluate("0")
        params = [(event["method"], event["params"]) for event in self.events]
        return ([one["exceptionDetails"] for method, one in params if method == "Runtime.exceptionThrown"] +
                [one for method, one in params if method == "Runtime.consoleAPICalled"] +
                [one["entry"] for method, one in params
                 if method == "Log.entryAdded" and one["entry"]["source"] != "network"])

    def close(self):
        """As a person closes it, so that its processes end and nothing is left; one that hangs is killed."""
        os.write(self._commands, b'{"id": 0, "method": "Browser.close"}\0')
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for end in (self._commands, self._answers):
            os.close(end)
        self._log.close()
        until(self._is_removed, f"{self._profile} is removed")

    def _is_removed(self):
        """Its helpers may write to the last."""
        shutil.rmtree(self._profile, ignore_errors=True)
        return not os.path.exists(self._profile)
