"""Law: the page at / shows what /v1/status and /healthz say, in the words of vtapctl, and lets nothing that comes from
outside be anything but text. It needs nothing from elsewhere, and everybody can read and use it.
"""

import base64
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import frames
from lab.browser import Browser
from lab.deadline import until
from lab.freeze import Frozen

ORIGIN = "http://127.0.0.1:9478"
THREE = """
[health]
settle = 0s
[target default]
underlay = eth0
[session web]
vni = 4321
[session db]
vni = 4400-4403
description = {description}
[session pay]
vni = 6000
"""
PLAIN = THREE.format(description="the shop's databases")
LONG = """
[session a-name-of-32-bytes-is-quite-long]
vni = 7000, 7002, 7004-7010, 7012
interface = mirror-is-long1
"""
MARKUP = "<img src=x onerror=alert(1)><b>"
MANY = 4000
MANY_SESSIONS = "[target default]\nunderlay = eth0\n[defaults]\ninterface = mirror-all\n" + "".join(
    f"[session s{i:04}]\nvni = {i}\n" for i in range(1, MANY + 1))
CONTRAST_MIN, EDGE_MIN = 4.5, 3  # WCAG 2.2, 1.4.3 and 1.4.11

# Of an element: contrast of a colour, and of the ground behind it. Grounds of this page are opaque or none.
CONTRAST = """
	const light = (color) => {
		const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
			.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (node) => {
		for (; node; node = node.parentElement) {
			const color = getComputedStyle(node).backgroundColor;
			if (!/, 0\\)$/.test(color)) return color;
		}
		return "rgb(255, 0, 0)";
	};
	const contrast = (color, node) => {
		const [a, b] = [light(color), light(ground(node))].sort((a, b) => b - a);
		return (a + 0.05) / (b + 0.05);
	};
"""

# For each text that is shown: [contrast of its computed colours, the text].
CONTRASTS = """(() => {""" + CONTRAST + """
	const found = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const node = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, style, noscript"))
			continue;
		found.push([contrast(getComputedStyle(node).color, node), texts.currentNode.data.trim()]);
	}
	return found;
})()"""

# The lowest contrast that a field's edge has to what is inside and outside of it
EDGES = """(() => {""" + CONTRAST + """
	return Math.min(...[...document.querySelectorAll("select, input")].flatMap((node) =>
		[node, node.parentElement].map((behind) => contrast(getComputedStyle(node).borderTopColor, behind))));
})()"""

# In how many lines do cells stand that have only short words?
LINES_OF_CELLS = """[...new Set([...document.querySelectorAll("#sessions tbody .interface, #sessions tbody .sensors")]
	.map((cell) => {
		const range = document.createRange();
		range.selectNodeContents(cell);
		return new Set([...range.getClientRects()].map(({ top }) => top)).size;
	}))]"""

# Have findings, numbers and words of state the colour of what matters less?
IS_DIM = """[".finding .sentence", "#totals .figure", "#sessions .frames", "#sessions .badge"].every((selector) => {
	const probe = document.getElementById("about"); /* is always of that colour */
	const shown = document.querySelector(selector);
	return getComputedStyle(shown).color === getComputedStyle(probe).color;
})"""


@pytest.fixture
def browse(ns):
    """browse(): a browser in the target's namespace that shows the page; at the end nothing is to be complained of."""
    made = []

    def make(**kwargs):
        made.append(Browser(ns))
        made[-1].open(f"{ORIGIN}/", **kwargs)
        made[-1].wait("!document.getElementById('main').hidden", "the page has its answers")
        return made[-1]
    yield make
    for browser in made:
        try:
            assert browser.complaints() == []
            others = [url for url in browser.requested() if not url.startswith((f"{ORIGIN}/", "data:"))]
            assert others == [], "only its own origin is asked"
        finally:
            browser.close()


def fetch(ns, path):
    """(status, headers, body) of the metrics port."""
    answer = ns.run("curl", "-si", f"{ORIGIN}{path}").stdout
    head, _, body = answer.partition("\n\n")
    first, *lines = head.splitlines()
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


def rows(browser, table):
    """What is shown of each row by its first cell: {"web": ["4321", ...]}."""
    return {name: cells for name, *cells in browser.evaluate(
        f"[...document.querySelectorAll('#{table} tbody')].map((body) => [...body.firstElementChild.children]"
        ".map((cell) => (cell.firstElementChild ?? cell).textContent))")}


def order(browser):
    return list(rows(browser, "sessions"))


def ask_until(browser, expression, what, seconds=30.0):
    """Until an expression is true; the page asks all the time meanwhile, instead of every 2 s."""
    return until(lambda: browser.evaluate(f"poll().then(() => {expression})"), what, seconds,
                 seen=lambda: browser.text("body"))


def headline(browser, wanted):
    """Until the headline begins with this; returns it."""
    ask_until(browser, f"document.getElementById('headline').innerText.startsWith({json.dumps(wanted)})",
              f"the headline {wanted}")
    return browser.text("#headline")


def number(text):
    return int(text.replace(",", ""))


# What is served

def test_page_when_asked_for_then_one_file_whose_policy_allows_its_own_script_and_style_only(vtapd, ns):
    status, headers, body = fetch(ns, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    for kind in ("script", "style"):
        inline, = re.findall(rf"<{kind}>(.*?)</{kind}>", body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert policy.pop(f"{kind}-src") == f"'sha256-{digest}'"
    assert policy == {"default-src": "'none'", "connect-src": "'self'", "img-src": "data:", "base-uri": "'none'",
                      "form-action": "'none'", "frame-ancestors": "'none'"}
    assert not re.search(r'(src|href)="?(https?:)?//|@import|url\(|innerHTML|insertAdjacentHTML|document\.write', body)
    assert f'data-version="{vtapd.status()["daemon"]["version"]}"' in body
    assert "vtapctl status" in body[body.index("<noscript>"):body.index("</noscript>")]


# What is shown

def test_page_when_open_then_its_words_and_numbers_are_those_of_vtapctl(make_vtapd, ns, mirror, capture, browse):
    vtapd = make_vtapd(PLAIN)
    capture("mirror-web")
    for i in range(1300):
        mirror.send(4321, frames.numbered(i), flow=65408 + i % 16)
    for i in range(40):
        mirror.send(4402, frames.numbered(i))
        mirror.send(5569041, frames.numbered(i))
    vtapd.wait_received(1380)
    browser = browse()
    ask_until(browser, "[...document.querySelectorAll('#sessions .frames, #totals .figure')].slice(0, 4)"
              ".every((node) => node.textContent === '0')", "no more frames come")
    assert browser.text("#headline") == "healthy"
    assert browser.evaluate("document.title") == "healthy · vtapd"
    first = vtapd.ctl("status").stdout.splitlines()[0]
    assert first.startswith(f"{browser.text('#place')} {browser.text('#headline')}. Up ")
    assert first.partition(", ")[2] == browser.text("#about").partition(", ")[2]
    target, status = rows(browser, "targets")["default"], vtapd.target()
    assert target[:4] == ["4789", "eth0", status["path"], "ready"]
    assert [number(text) for text in target[6:]] == [status["received"], status["delivered"], status["dropped"]]
    assert target[6:] == ["1,380", "1,340", "40"]
    assert browser.texts("#targets .notes li")[0] == "dropped: 40 unknown-vni"
    sessions = rows(browser, "sessions")
    assert sessions["web"][:4] == ["4321", "mirror-web", "ready", "0"]
    assert sessions["db"][0] == "4400-4403"
    assert (sessions["web"][8], sessions["db"][8]) == ("1\N{NO-BREAK SPACE}tcpdump", "-"), "sensors"
    assert sessions["pay"][7] == "never"
    browser.click("tbody[data-name=db] .open")
    details = dict(zip(browser.texts("#sessions .details dt"), browser.texts("#sessions .details dd")))
    session = vtapd.session("db")
    assert number(details["delivered"]) == session["delivered"] == 40
    assert number(details["bytes"]) == session["bytes"]
    assert (details["description"], details["vni"]) == ("the shop's databases", "4400-4403")
    assert details["now"] == "0 frames/s, 0 bits/s", "a phone has no column for bits"
    assert browser.texts("#totals .value") == ["0 packets/s", "0 frames/s", "0 bits/s", "0 packets/s", "3 of 3",
                                               "40 frames, 0/s"]
    assert browser.texts("#totals .hint")[-1] == "vtapctl unknown"
    browser.click("#host-section summary")
    cells = browser.evaluate("[...document.querySelectorAll('#host td')].map((cell) => "
                             "getComputedStyle(cell)).map((style) => [style.display, style.borderLeftWidth])")
    assert cells and all(cell == ["table-cell", "0px"] for cell in cells), "no tiles in a table"
    host = {name: number(cells[0]) for name, cells in rows(browser, "host").items()}
    told = vtapd.status()["daemon"]["host"]
    steady = {"udp_in_csum_errors", "udp_rcvbuf_errors", "ip_reverse_path_filter", "ip_reasm_fails"}
    assert steady <= set(host) and {name: host[name] for name in steady} == {name: told[name] for name in steady}


def test_page_when_frames_come_then_rates_and_charts_follow(make_vtapd, browse, load):
    vtapd = make_vtapd(PLAIN)
    browser = browse()
    load(rate=2000)
    vtapd.wait_received(1)
    browser.wait("Number(document.querySelector('tbody[data-name=web] .frames').textContent.replace(',', '')) > 1000",
                 "the rate of session web")
    browser.wait("/M.*L/.test(document.querySelector('tbody[data-name=web] .line').getAttribute('d'))", "its chart")
    browser.wait("Number(document.querySelector('#totals .figure').textContent.replace(',', '')) > 1000", "the total")
    row, tile, packets, bits, bits_of_web = browser.evaluate(
        "['tbody[data-name=web] .frames', '#totals .total:nth-child(2) .figure', '#targets td.rate', "
        "'#totals .total:nth-child(3) .figure', 'tbody[data-name=web] .bits']"
        ".map((selector) => document.querySelector(selector).textContent)")
    assert row == tile, "the only session has what is delivered"
    assert number(packets) == pytest.approx(number(tile), rel=0.01), "and nothing is dropped"
    assert bits == bits_of_web
    label = browser.evaluate("document.querySelector('tbody[data-name=web] svg title').textContent")
    assert re.fullmatch(r"last minutes: at most [\d,]+ frames/s", label)


def test_page_when_two_answers_are_known_then_all_rates_are_their_difference_and_add_up(make_vtapd, browse):
    make_vtapd(PLAIN)
    browser = browse()
    browser.evaluate("""(async () => {
        polling.isPaused = true;
        clearTimeout(polling.timer);
        const [status, health] = await Promise.all([ask("/v1/status"), ask("/healthz")]);
        const later = structuredClone(status);
        later.daemon.uptime_ns += 2e9;
        later.daemon.drain = { since: later.daemon.started, reason: null, frames_per_second: 999 };
        Object.assign(later.targets[0], { received: 36, delivered: 32, dropped: 4, drops: { "unknown-vni": 4 } });
        [12, 20, 0].forEach((n, i) => Object.assign(later.sessions[i],
            { received: n, delivered: n, bytes: n * 100, frames_per_second: 999, bits_per_second: 999 }));
        showAnswers(status, health);
        showAnswers(later, health);
    })()""")
    assert browser.texts("#totals .value") == ["18 packets/s", "16 frames/s", "12.8 k bits/s", "2 packets/s", "3 of 3",
                                               "4 frames, 2/s"]
    sessions = rows(browser, "sessions")
    assert [(sessions[name][3], sessions[name][5]) for name in ("web", "db", "pay")] == [
        ("6", "4.80 k"), ("10", "8.00 k"), ("0", "0")]
    assert rows(browser, "targets")["default"][4] == "18"
    assert browser.texts("#targets .notes li")[0] == "dropped: 4 unknown-vni (2/s)"
    assert browser.text("#notes").startswith("18 frames/s still arrive.")


def test_page_when_something_is_wrong_then_finding_and_remedy_until_it_is_mended(make_vtapd, ns, browse):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(PLAIN)
    browser = browse()
    assert browser.text("#headline") == "healthy, degraded: 1 of 3 sessions is waiting"
    assert browser.evaluate("document.title") == "degraded · vtapd"
    found = vtapd.get("/v1/doctor")["findings"]
    assert browser.texts(".finding .badge") == ["PAGE"], "notes are closed"
    assert browser.text("#findings-notes") == "1 note: allow-any"
    browser.click("#findings-notes summary")
    assert browser.texts(".finding .badge") == [finding["severity"].upper() for finding in found] == ["PAGE", "INFO"]
    assert vtapd.ctl("doctor").stdout.splitlines()[-1].startswith(browser.text("#findings-summary").rstrip("."))
    for part, key in ((".id", "id"), (".sentence", "sentence"), (".remedy", "remedy"), (".subject", "subject")):
        assert browser.texts(f".finding {part}") == [finding[key] for finding in found]
    assert "mirror-pay is a bridge interface" in browser.text("tbody[data-name=pay] .trouble")
    assert order(browser)[0] == "pay", "whoever is not ready comes first"
    shown = "[...document.querySelectorAll('.finding .copy')].map((button) => !button.hidden)"
    assert browser.evaluate(shown) == [True, False], "of a note alone there is nothing to paste"
    browser.click(".finding .copy")
    browser.wait_text(".finding .copy", "Copied")
    assert browser.evaluate("getSelection().toString()") == found[0]["remedy"]
    ns.ip("link del mirror-pay")
    ask_until(browser, "document.querySelectorAll('.finding').length === 1", "the finding is gone")
    assert browser.text("#headline") == "healthy"
    assert browser.texts(".finding .id") == ["allow-any"], "what was opened stays open"


def test_page_when_a_condition_has_many_findings_then_some_and_the_others_on_demand(make_vtapd, browse):
    """Rates are not to stand far below."""
    make_vtapd(PLAIN)
    browser = browse()
    browser.evaluate("""(() => {
        polling.isPaused = true;
        clearTimeout(polling.timer);
        showFindings({ conditions: [["many", 30], ["few", 5]].map(([id, n]) => ({ id, severity: "page", holds: true,
            findings: Array.from({ length: n }, (_, i) => ({ subject: `t${i}`, sentence: "So it is.", remedy: "#",
                since: null })) })) });
    })()""")

    def shown():
        ids = browser.texts(".finding .id")
        return ids.count("many"), ids.count("few"), browser.texts(".finding .beyond")
    assert shown() == (4, 5, ["Show 16 more of 26; vtapctl doctor many lists all"])
    browser.focus(".finding .beyond:not([hidden]) button")
    browser.press("Enter")
    assert shown() == (20, 5, ["Show 10 more vtapctl doctor many lists all"])
    assert browser.evaluate("document.activeElement.querySelector('.subject').textContent") == "t4", "is read next"
    browser.click(".finding .beyond:not([hidden]) button")
    assert shown() == (30, 5, [])


def test_page_when_a_finding_says_since_when_then_once(make_vtapd, ns, mirror, browse):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(PLAIN)
    mirror.send(99, frames.numbered(1))
    vtapd.wait_received(1)
    browser = browse()
    ask_until(browser, "document.querySelector('.finding[data-severity=ticket]') !== null", "both findings")
    said = dict(zip(browser.texts(".finding .id"), browser.texts(".finding")))
    assert {name: said[name].count("since") for name in ("interface-foreign", "unknown-vni")} == {
        "interface-foreign": 1, "unknown-vni": 1}
    assert re.search(r"^since [0-9:]{8}$", said["interface-foreign"], re.MULTILINE), "its sentence does not"


def test_page_when_read_in_another_zone_then_all_times_are_those_of_the_host(make_vtapd, ns, mirror, browse):
    """As in the journal, and in the sentences of findings."""
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(PLAIN)
    mirror.send(99, frames.numbered(1))
    vtapd.wait_received(1)
    browser = browse()
    ask_until(browser, "document.querySelectorAll('.finding').length > 1", "both findings")

    def times():
        browser.evaluate("rates.uptimeNs = 0")  # the same answer is shown once more
        ask_until(browser, "rates.uptimeNs > 0", "an answer")
        return browser.texts(".finding .since")[0], browser.text("#about").partition(", ")[2]
    here = times()
    assert browser.text("#as-of").endswith(f":{browser.text('#as-of')[-2:]}"), "the zone is the same: it is not told"
    for zone in ("America/St_Johns", "Asia/Tokyo"):
        browser.call("Emulation.setTimezoneOverride", timezoneId=zone)
        assert times() == here
        assert browser.evaluate("showPolling(), document.getElementById('as-of').innerText").endswith(" UTC")
    words = browser.evaluate("[0, -9000, 34200, 3600].map((s) => { clock.offsetS = s; return zoneWords(); })")
    assert words == [" UTC", " UTC-2:30", " UTC+9:30", " UTC+1"]


def test_page_when_an_underlay_is_missing_then_sessions_only_point_at_their_target(make_vtapd, browse):
    vtapd = make_vtapd(PLAIN.replace("eth0", "ens5"))
    browser = browse()
    assert browser.texts("#targets .notes li") == ["ens5 is not there."]
    assert browser.texts("#sessions .trouble") == 3 * ["waits for target default."]
    assert "  web: waits for target default.\n" in vtapd.ctl("status").stdout


def test_page_when_most_frames_go_through_the_worker_then_it_says_so(make_vtapd, browse):
    make_vtapd(PLAIN)
    browser = browse()
    browser.evaluate("""(async () => {
        polling.isPaused = true;
        clearTimeout(polling.timer);
        const [status, health] = await Promise.all([ask("/v1/status"), ask("/healthz")]);
        status.targets[0].fastpath.idle = null;
        status.targets[0].fastpath.detour = "30 of 31 frames went through the worker (`man vtapd`)";
        showAnswers(status, health);
    })()""")
    assert browser.texts("#targets .notes li") == ["30 of 31 frames went through the worker (`man vtapd`)."]


def test_page_when_an_underlay_is_down_then_it_is_degraded_though_all_is_ready(make_vtapd, ns, browse):
    vtapd = make_vtapd(PLAIN)
    browser = browse()
    assert headline(browser, "healthy") == "healthy"
    ns.set_down("eth0")
    assert headline(browser, "healthy, degraded") == "healthy, degraded: eth0 is down"
    assert browser.evaluate("document.title") == "degraded · vtapd"
    status = vtapd.ctl("status")
    assert (status.returncode, ": eth0 is down. Up " in status.stdout) == (1, True), status
    assert vtapd.status()["daemon"]["state"] == "healthy", "health decides for the balancer alone"


def test_page_when_draining_then_it_says_why_though_health_answers_503(make_vtapd, browse):
    vtapd = make_vtapd(PLAIN)
    browser = browse()
    vtapd.ctl("drain", "--reason", "suricata 7.0.11")
    assert headline(browser, "draining since").endswith("(suricata 7.0.11)")
    assert "frames/s still arrive." in browser.text("#notes")
    ask_until(browser, "[...document.querySelectorAll('.finding .id')].some((node) => node.textContent === 'drain')",
              "the finding, too")
    vtapd.ctl("undrain")
    assert headline(browser, "healthy") == "healthy"


def test_page_when_the_kernel_counts_then_it_says_what_is_hidden(make_vtapd, browse):
    vtapd = make_vtapd(WEB_VXLAN)
    browser = browse()
    assert rows(browser, "targets")["default"][2] == "kernel"
    assert "vanish uncounted (not-vxlan, " in browser.texts("#targets .notes li")[0]
    assert browser.texts("#totals .value")[-1] == "? the kernel does not count them"
    vtapd.write("vtapd.conf", HEADS["vxlan"])
    vtapd.reload()
    said = "no session, so nobody has UDP port 4789: this host answers with ICMP port unreachable."
    until(lambda: said in browser.texts("#targets .notes li"), "it says that the port is closed",
          seen=lambda: browser.texts("#targets .notes li"))


def test_page_when_there_can_be_no_guard_then_rx_dropped_is_no_loss(make_vtapd, browse):
    vtapd = make_vtapd(WEB_VXLAN, start=False)
    vtapd.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    vtapd.start()
    browser = browse()
    browser.evaluate("document.querySelector('#sessions tbody .name button').click()")
    until(lambda: "rx_dropped 0 (also rises for frames that sensors did get)" in " ".join(browser.texts("#sessions dd")),
          "its details say so", seen=lambda: browser.texts("#sessions dd"))
    assert "vxlan, ipv4, reserved bits are" in " ".join(browser.texts("#sessions dd"))


# What comes from outside

def test_page_when_texts_hold_markup_then_they_are_shown_as_text(make_vtapd, ns, browse, directory):
    vtapd = make_vtapd(THREE.format(description=MARKUP))
    vtapd.ctl("drain", "--reason", MARKUP)
    sensor = shutil.copy(shutil.which("tcpdump"), os.path.join(directory, "<i>x"))
    with ns.start(sensor, "-i", "mirror-web", "-w", "/dev/null", stderr=subprocess.DEVNULL) as process:
        try:
            vtapd.wait_session("web", sensors=1)
            browser = browse()
            assert "1\N{NO-BREAK SPACE}<i>x" in rows(browser, "sessions")["web"]
        finally:
            process.kill()
    assert browser.text("#headline").endswith(f"({MARKUP})")
    browser.click("tbody[data-name=db] .open")
    assert MARKUP in browser.texts("#sessions .details dd")
    # whatever text an answer has: each is replaced, but for the words and times that the page itself reads
    browser.evaluate("""(async () => {
        const markup = %s, words = /^(\\d{4}-|\\d+(-\\d+)?$|ready$|healthy$|page$|ticket$|info$|on$)/;
        const foreign = async (path) => JSON.parse(await (await fetch(path)).text(),
            (key, value) => (typeof value === "string" && !words.test(value) ? `${markup}${value}` : value));
        polling.isPaused = true;
        showAnswers(await foreign("/v1/status"), await foreign("/healthz"));
    })()""" % json.dumps(MARKUP))
    assert order(browser)[0].startswith(MARKUP)
    browser.click("#findings-notes summary")
    sentences = browser.texts(".finding .sentence")
    assert sentences and all(text.startswith(MARKUP) for text in sentences)
    assert browser.evaluate("document.querySelectorAll('main img, main b, main i, header img').length") == 0


# What can be done

def test_page_when_used_by_keyboard_then_it_sorts_filters_and_opens(make_vtapd, mirror, browse):
    vtapd = make_vtapd(PLAIN)
    for i in range(30):
        mirror.send(4400, frames.numbered(i))
    vtapd.wait_session("db", delivered=30)
    browser = browse()
    assert order(browser) == ["web", "db", "pay"], "as they are configured"
    for key, column, wanted, direction in (("Enter", "name", ["db", "pay", "web"], "ascending"),
                                           (" ", "name", ["web", "pay", "db"], "descending"),
                                           ("Enter", "last", ["db", "web", "pay"], "ascending"),
                                           ("Enter", "vni", ["web", "db", "pay"], "ascending")):
        browser.focus(f"#sessions thead .{column} button")
        browser.press(key)
        assert order(browser) == wanted, (column, direction)
        assert browser.evaluate(f"document.querySelector('#sessions thead .{column}').ariaSort") == direction
        assert browser.evaluate("document.querySelectorAll('[aria-sort]').length") == 1
    for text, wanted in (("4402", ["db"]), ("DATABASES", ["db"]), ("mirror ready pay", ["pay"]), ("nothing", [])):
        browser.evaluate("document.getElementById('filter').value = ''")
        browser.write("#filter", text)
        assert order(browser) == wanted, text
        assert browser.text("#sessions-count") == f"{len(wanted)} of 3 sessions"
    browser.evaluate("document.getElementById('filter').value = ''; filterBy('')")
    browser.focus("#choice")
    browser.evaluate("document.getElementById('choice').value = 'unread'; "
                     "document.getElementById('choice').dispatchEvent(new Event('change'))")
    assert order(browser) == ["web", "db", "pay"]
    browser.focus("tbody[data-name=pay] .open")
    browser.press("Enter")
    assert browser.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert "6000" in browser.texts("#sessions .details dd")
    asked = browser.evaluate("polling.n")
    browser.evaluate("sortBy(SESSION_COLUMNS[0]); sortBy(SESSION_COLUMNS[0])")
    ask_until(browser, f"polling.n > {asked + 1}", "two more answers")
    assert browser.evaluate("document.activeElement.textContent") == "pay", "its row was moved, and it kept the focus"
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.click("#pause")
    assert browser.text("#pause") == "Go on"
    assert browser.text("#as-of").startswith("paused, as of ") and (
        browser.evaluate("document.title") == "paused: healthy · vtapd"), "is not taken for the state of now"
    browser.evaluate("filterBy(''); sortBy(SESSION_COLUMNS.find(({ name }) => name === 'frames'))")
    reverse = ("view.sessions.map((session, i) => ({ ...session, frames_per_second: i * 10 + 1 }))")
    browser.point(*browser.evaluate("(({ x, y }) => [x + 5, y + 5])(document.querySelector('#sessions tbody')"
                                    ".getBoundingClientRect())"))
    rested = order(browser)
    browser.evaluate(f"showSessions({{ targets: [], sessions: {reverse} }}, view.history)")
    assert order(browser) == rested, "nothing jumps away below the pointer"
    browser.point(1, 1)
    browser.evaluate(f"showSessions({{ targets: [], sessions: {reverse} }}, view.history)")
    assert order(browser) == ["pay", "db", "web"]
    browser.click("#pause")
    browser.wait(f"polling.n > {asked + 2}", "answers go on by themselves")
    assert (browser.evaluate("document.title"), browser.text("#as-of")[:6]) == ("healthy · vtapd", "as of ")


def test_page_when_vtapd_is_away_then_it_says_so_and_goes_on_afterwards(make_vtapd, mirror, browse):
    vtapd = make_vtapd(PLAIN)
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    browser = browse()
    assert browser.evaluate("polling.n = 2, [5, 300, 5000].map(periodMs)") == [2000, 6000, 10000], "long answers"
    vtapd.stop()
    headline(browser, "no answer")
    assert browser.evaluate("document.title") == "no answer · vtapd"
    assert "What is shown is from then." in browser.text("#away")
    assert browser.evaluate(IS_DIM), "and looks so"
    assert browser.text("#about") == "", "it is not up"
    assert order(browser) == ["web", "db", "pay"], "what was known stays"
    waits = browser.evaluate("[1, 2, 3, 9].map((n) => { const was = polling.failures; polling.failures = n; "
                             "const ms = periodMs(0); polling.failures = was; return ms; })")
    assert waits == [2000, 4000, 8000, 30000]
    vtapd.start()
    tried = browser.evaluate("polling.failures")
    browser.wait(f"polling.failures > {tried} || polling.failures === 0", "it tries again by itself", seconds=35)
    headline(browser, "healthy")
    assert browser.text("#away") == "" and browser.text("#about").startswith("Up ")
    assert not browser.evaluate(IS_DIM)
    mirror.send(4321, frames.numbered(2))
    vtapd.wait_received(1)
    ask_until(browser, "document.querySelector('#targets td.received').textContent === '1'", "it counts anew")
    browser.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    assert browser.evaluate("periodMs(5)") == 30000, "seldom while nobody looks"
    browser.evaluate("native = fetch; fetch = async () => new Response(JSON.stringify({ version: 2 }))")
    headline(browser, "no answer")
    assert "it is of version 2, this page knows 1; load it again." in browser.text("#away")
    browser.evaluate("fetch = native; document.documentElement.dataset.version = '0.0.9'")
    ask_until(browser, "!document.getElementById('outdated').hidden", "it says that it is older than vtapd")


def test_page_when_vtapd_hangs_then_it_is_green_no_longer_until_it_goes_on(make_vtapd, browse):
    vtapd = make_vtapd(PLAIN)
    browser = browse()
    headline(browser, "healthy")
    vtapd.signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        browser.wait("/^no answer since [0-9:]+$/.test(document.getElementById('headline').innerText)", "it says so")
        assert time.monotonic() - begin < 10, "answers come every 2 s, and a late one is late after 3 s; a busy machine"
        assert browser.evaluate("polling.isAsking && polling.failures === 0"), "before it gives up"
        assert browser.evaluate("document.title") == "no answer · vtapd"
        assert browser.evaluate(IS_DIM), "what was known stays, but not as if it were now"
    finally:
        vtapd.signal(signal.SIGCONT)
    browser.wait("document.getElementById('headline').innerText.startsWith('healthy')", "and is itself again")


def test_page_when_the_main_loop_hangs_then_it_tells_what_vtapd_says_of_that(vtapd, browse):
    browser = browse()
    with Frozen(vtapd.pid):
        said = browser.wait_text("#away", "does not move", seconds=40)
        assert "systemd restarts it" in said and "systemctl start" not in said, said
    headline(browser, "healthy")


# Who can read it

def test_page_when_read_by_anybody_then_it_can_be_read(make_vtapd, ns, mirror, capture, browse):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(PLAIN + LONG)
    capture("mirror-web")
    mirror.send(99, frames.numbered(1))
    vtapd.wait_received(1)
    browser = browse()
    for selector in ("tbody[data-name=web] .open", "#findings-notes summary", "#host-section summary"):
        browser.click(selector)
    for scheme, age in itertools.product(("light", "dark"), ("new", "old")):
        browser.use_scheme(scheme)
        is_old = json.dumps(age == "old")
        found = browser.evaluate(f"document.getElementById('main').classList.toggle('old', {is_old}), {CONTRASTS}")
        assert len(found) > 80
        low = [(round(contrast, 2), text) for contrast, text in found if contrast < CONTRAST_MIN]
        assert not low, f"{scheme}, {age}: {low}"
        assert browser.evaluate(EDGES) >= EDGE_MIN, scheme
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [node for node in nodes if not node["ignored"] and not node.get("name", {}).get("value")
                and node["role"]["value"] in ("button", "link", "textbox", "searchbox", "combobox", "table", "image",
                                              "columnheader", "rowheader", "region", "heading")]
    assert not nameless, nameless
    assert browser.evaluate("[...document.querySelectorAll('table')].every((table) => table.caption && "
                            "[...table.querySelectorAll('th')].every((cell) => cell.scope))")
    assert browser.evaluate("[document.documentElement.lang, document.getElementById('headline').ariaLive]") == [
        "en", "polite"]
    marks = browser.evaluate("[...new Set([...document.querySelectorAll('.badge')].map((node) => "
                             "node.dataset.word + getComputedStyle(node, '::before').content))]")
    shapes = [mark.split('"')[1] for mark in marks]
    assert len(set(shapes)) == len(shapes) > 3, "no word is told by its colour alone"
    assert browser.evaluate(LINES_OF_CELLS) == [1], "neither interfaces nor sensors break where there is room"
    small = browser.evaluate("[...document.querySelectorAll('button, select, input, summary')].filter((node) => "
                             "node.checkVisibility() && node.getBoundingClientRect().height < 24)"
                             ".map((node) => node.textContent)")
    assert small == [], "high enough to be hit (WCAG 2.2, 2.5.8)"
    for width in (320, 375, 390, 641, 768, 833, 961, 1121):
        browser.resize(width, is_phone=True)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the window"
        assert browser.evaluate("[...document.querySelectorAll('.scroll')].every((node) => "
                                "node.scrollWidth <= node.clientWidth)"), f"{width}: nor a table (WCAG 2.2, 1.4.10)"
        assert browser.texts("#sessions tbody .frames")[0], "rates are shown on a phone too"
        assert "waiting" in browser.text("tbody[data-name=pay] tr"), "and states"
    browser.resize(390, is_phone=True)
    assert "eth0:4789, " in browser.text("#targets tbody .name")
    assert browser.evaluate("document.querySelector('tbody[data-name^=a-name] .open').getClientRects().length") <= 2
    for width, columns in ((1280, 6), (1200, 3), (900, 3), (390, 2)):
        browser.resize(width)
        tops = browser.evaluate("[...document.querySelectorAll('#totals .total')].map((node) => "
                                "node.offsetTop)")
        assert [tops.count(top) for top in sorted(set(tops))] == [columns] * (6 // columns), "no tile stands alone"


def test_page_when_on_a_phone_then_notes_do_not_push_the_sessions_away(make_vtapd, browse):
    make_vtapd(PLAIN)
    browser = browse(width=390, height=844, is_phone=True)
    top = "document.getElementById('sessions-title').getBoundingClientRect().top"
    closed = browser.evaluate(top)
    assert closed < 1.5 * 844
    browser.evaluate("""(() => {
        const note = { sentence: "So it is.", remedy: "#", since: null };
        polling.isPaused = true;
        clearTimeout(polling.timer);
        showFindings({ conditions: [{ id: "many", severity: "info", holds: true,
            findings: Array.from({ length: 9 }, (_, i) => ({ ...note, subject: String(i) })) }] });
    })()""")
    assert browser.evaluate(top) == closed
    assert browser.text("#findings-notes summary") == "9 notes: many"


# Many

def test_page_when_there_are_4000_sessions_then_an_answer_costs_little(make_vtapd, mirror, browse):
    vtapd = make_vtapd(MANY_SESSIONS)
    for i in range(20):
        mirror.send(2500, frames.numbered(i))
    vtapd.wait_session("s2500", delivered=20)
    browser = browse()
    assert browser.text("#sessions-count") == "4,000 sessions, the first 100 are shown"
    assert len(order(browser)) == 100

    def answer_s():
        before = busy_s(browser)
        browser.evaluate("poll()")
        return busy_s(browser) - before

    def look_ms():
        return browser.evaluate("(() => { const begin = performance.now(); showRows(false); document.body.offsetHeight;"
                                "return performance.now() - begin; })()")
    # both are told as time that passes: while the browser has its processor
    until(lambda: answer_s() < 0.5, "seconds of the browser's main thread for an answer", seen=answer_s)
    until(lambda: look_ms() < 250, "ms for a look at all of them", seen=look_ms)
    browser.click("#sessions thead .dropped button")
    browser.click("#sessions thead .last button")
    assert order(browser)[0] == "s2500"
    browser.write("#filter", "s399")
    assert (order(browser)[-1], browser.text("#sessions-count")) == ("s3999", "10 of 4,000 sessions")
    browser.evaluate("filterBy('')")
    browser.click("#more")
    assert len(order(browser)) == 200


def busy_s(browser):
    """Seconds for which the page's main thread worked so far."""
    browser.call("Performance.enable")
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
