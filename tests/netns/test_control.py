"""The law: every command says what is, with the agreed exit status; nobody harms the daemon by its control socket."""

import contextlib
import fcntl
import json
import os
import pty
import re
import socket
import struct
import subprocess
import termios
import threading

import pytest

from lab import frames
from lab.daemon import VTAPCTL, VTAPD
from lab.deadline import until

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
WEB = "[session web]\nvni = 4321\n"
BROKEN = {  # mistakes of many kinds
    "batch.conf": "[session batch]\nvni = 5001\n",
    "db.conf": "[session db]\nvni = 16777216\ninterface = mirror-database-eu\n",
    "pay.conf": "[session pay]\nvni = 5001\n",
    "web.conf": "[session web]\nvni = 4321 # prod\nsorce = 10.0.0.0/16\n",
}
FEEL_MISTAKES = """\
db.conf:2: session db: vni: "16777216": must be 0..16777215, a range like 100-199, or any
db.conf:3: session db: interface: "mirror-database-eu": 18 bytes, Linux allows 15
pay.conf:2: session pay: vni: "5001": session batch claims it too (batch.conf:2); give one of them a source
web.conf:2: session web: vni: "4321 # prod": not a number; inline comments start with ;
web.conf:3: session web: sorce: unknown key; did you mean source?
5 mistakes in 3 files.
"""


def as_nobody(vtapd, *argv):
    return vtapd.ns.run(*AS_NOBODY, VTAPCTL, "--socket", vtapd.socket, *argv, check=False)


# Exit status

@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["--version"]])
@pytest.mark.parametrize("program", [VTAPD, VTAPCTL], ids=["vtapd", "vtapctl"])
def test_program_when_asked_about_itself_then_0(program, argv):
    done = subprocess.run([program, *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout and not done.stderr, done


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["--version"], ["--dump-config"], ["--teardown"]], ids=" ".join)
def test_vtapd_when_its_output_cannot_be_written_then_1_and_it_says_so(argv, make_vtapd):
    vtapd = make_vtapd(WEB, start=False)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = vtapd.ns.run(*vtapd.command(*argv), check=False, capture_output=False, stdout=full,
                            stderr=subprocess.PIPE)
    assert done.returncode == 1 and done.stderr == "vtapd: the output could not be written\n", done


@pytest.mark.parametrize("program", [VTAPD, VTAPCTL], ids=["vtapd", "vtapctl"])
def test_program_when_an_option_is_misspelt_then_the_right_one_is_named(program, ns):
    typed, meant = ("--chekc", "--check") if program == VTAPD else ("--josn", "--json")
    done = ns.run(program, typed, check=False)
    assert done.returncode == 64, done
    assert done.stderr == f"{os.path.basename(program)}: {typed}: unknown option; did you mean {meant}?\n"


@pytest.mark.parametrize("argv", [["--nonsense"], ["argument"], ["-c"], ["--runtime-dir"], ["--json"]], ids=" ".join)
def test_vtapd_when_called_wrongly_then_64(argv, ns):
    assert ns.run(VTAPD, *argv, check=False).returncode == 64


@pytest.mark.parametrize("argv", [
    [], ["nonsense"], ["--nonsense"], ["status", "extra"], ["show"], ["match"], ["match", "x"], ["match", "-1"],
    ["wait"], ["wait", "web", "--timeout"], ["wait", "web", "--timeout", "x"], ["--socket"]], ids=" ".join)
def test_vtapctl_when_called_wrongly_then_64(argv, vtapd):
    done = vtapd.ctl(*argv)
    assert done.returncode == 64 and done.stderr and not done.stdout, done


@pytest.mark.parametrize("argv", [["status"], ["show", "web"], ["match", "1"], ["unknown"], ["plan"], ["reload"],
                                  ["wait", "web"]], ids=" ".join)
def test_vtapctl_when_there_is_no_daemon_then_69_and_what_to_do(argv, make_vtapd):
    vtapd = make_vtapd(start=False)
    done = vtapd.ctl(*argv)
    assert done.returncode == 69 and "vtapd is not running" in done.stderr, done
    assert ("start it: sudo systemctl start vtapd" in done.stderr) == os.path.exists("/run/systemd/system"), done


def test_vtapctl_when_the_daemon_was_killed_then_69(vtapd):
    vtapd.kill()
    assert vtapd.ctl("status").returncode == 69


@pytest.mark.parametrize("argv", [["reload"], ["teardown"]], ids=" ".join)
def test_nobody_when_changing_then_77_and_nothing_happens(argv, vtapd, ns):
    """The socket is for root and the group; where it is opened wider, the daemon still asks who is there."""
    os.chmod(vtapd.runtime, 0o755)
    os.chmod(vtapd.socket, 0o666)
    done = as_nobody(vtapd, *argv)
    assert done.returncode == 77 and "only root may do this (you are uid 65534)" in done.stderr, done
    assert vtapd.session("web")["state"] == "ready" and ns.has("mirror-web")
    assert as_nobody(vtapd, "status").returncode == 0


def test_nobody_when_the_socket_is_as_it_is_made_then_77(vtapd):
    assert as_nobody(vtapd, "status").returncode == 77


def test_vtapd_when_nobody_starts_it_then_77(ns, make_vtapd, tmp_path):
    vtapd = make_vtapd(start=False)
    runtime = "/tmp/" + os.path.basename(vtapd.directory) + "-nobody"
    os.mkdir(runtime)
    os.chown(runtime, 65534, 65534)
    try:
        done = ns.run(*AS_NOBODY, VTAPD, "-c", vtapd.conf, "--runtime-dir", runtime, check=False)
    finally:
        for name in os.listdir(runtime):
            os.unlink(os.path.join(runtime, name))
        os.rmdir(runtime)
    assert done.returncode == 77, done
    assert not ns.has("mirror-web") and tmp_path


def test_teardown_when_nobody_asks_vtapd_itself_then_77_and_all_stays(vtapd, ns):
    vtapd.stop()
    done = ns.run(*AS_NOBODY, VTAPD, "-c", vtapd.conf, "--runtime-dir", vtapd.runtime, "--teardown", check=False)
    assert done.returncode == 77, done
    assert ns.has("mirror-web")


def test_status_when_all_is_well_then_0_and_the_first_line_says_so(vtapd):
    done = vtapd.ctl("status")
    first = done.stdout.splitlines()[0]
    assert done.returncode == 0 and first.startswith("vtapd 0.1.0 healthy. Up "), first
    assert "\033" not in done.stdout, "no colour where there is no terminal"


def test_show_when_the_session_is_unknown_then_the_name_is_quoted(vtapd):
    done = vtapd.ctl("show", "nosuch")
    assert done.returncode not in (0, 69) and "nosuch" in done.stderr, done
    assert vtapd.ctl("show", "wbe").stderr == 'vtapctl: show: no session is named "wbe"; did you mean web?\n'


def test_show_when_asked_then_everything_about_the_session_and_what_is_wrong_with_it(make_vtapd, ns, mirror, capture):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n" + WEB + "description = the shop\n[session pay]\nvni = 5\n",
                       start=False)
    ns.ip("link add mirror-pay type bridge")
    vtapd.start()
    capture()
    for i in range(10):
        mirror.send(4321, frames.numbered(i))
    vtapd.wait_session("web", delivered=10, sensor_names=["tcpdump"])
    done = vtapd.ctl("show", "web")
    bytes_of_one = len(frames.numbered(0))
    for line in ("  description  the shop", "  target       default, UDP 4789 on eth0", "  sensors      tcpdump",
                 f"  config       {vtapd.conf}:3", f"  bytes        {bytes_of_one * 10}, on average {bytes_of_one} in a frame",
                 "  sniff        sudo tcpdump -ni mirror-web", "  journal      journalctl -u vtapd VTAPD_SESSION=web"):
        assert line in done.stdout.splitlines(), done.stdout
    assert done.returncode == 0 and "interface-foreign" not in done.stdout, done.stdout
    assert done.stdout.endswith("\n1 finding is about something else: vtapctl doctor\n"), done.stdout
    pay = vtapd.ctl("show", "pay")
    assert pay.returncode == 1 and "\nPAGE " in pay.stdout and "ip link del mirror-pay" in pay.stdout, pay.stdout
    doctor = {finding["id"]: finding for finding in vtapd.get("/v1/doctor")["findings"]}
    assert vtapd.get("/v1/show?session=pay")["findings"][0] == doctor["interface-foreign"]


def on_terminal(width, *argv, stream="stdout"):
    """The lines that a program writes to a terminal of so many columns; no more than its buffer holds, 4 KiB."""
    ours, its = pty.openpty()
    try:
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        subprocess.run(argv, **{stream: its}, check=False, env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"})
    finally:
        os.close(its)
    text = b""
    with open(ours, "rb", buffering=0) as written, contextlib.suppress(OSError):  # EIO: that was all
        while piece := written.read(4096):
            text += piece
    return text.decode().splitlines()


def test_help_when_it_is_a_command_then_the_page(vtapd):
    done = vtapd.ctl("help")
    assert done.returncode == 0 and done.stdout == vtapd.ctl("--help").stdout, done
    rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(rows) == 16 and all(re.match(r"  \S.{37}  \S", row) for row in rows), rows
    narrow = on_terminal(80, VTAPCTL, "--help")
    assert max(map(len, narrow)) <= 80 and " ".join(" ".join(narrow).split()) == " ".join(done.stdout.split())
    for argv in (["help", "top"], ["top", "--help"]):
        page = vtapd.ctl(*argv).stdout
        assert page.startswith("usage: vtapctl [--socket PATH] [--json] top [--interval SECONDS] [--once]\n"), page
        assert "`q` quits;" in page and max(map(len, page.splitlines())) <= 80, page
    assert vtapd.ctl("help", "nope").stdout == done.stdout
    assert vtapd.ctl("plan", "extra").stderr == 'vtapctl: plan: "extra" is too much: vtapctl plan\n'


def test_status_when_on_a_terminal_then_it_fits_and_piped_it_is_whole(make_vtapd, ns):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd("[session pay]\nvni = 1\n[session a-name-of-32-bytes-is-quite-long]\nvni = 2\ninterface = x\n")
    lines = on_terminal(80, *ns.argv(VTAPCTL, "--socket", vtapd.socket, "status"))
    assert max(map(len, lines)) <= 80 and any("no room for VNI, INTERFACE, BITS/s; " in line for line in lines), lines
    whole = vtapd.ctl("status").stdout
    assert max(map(len, whole.splitlines())) > 80 and "no room" not in whole, whole


def test_ctl_when_nobody_answers_on_a_terminal_then_commands_stand_in_one_piece(tmp_path):
    argv = (VTAPCTL, "--socket", str(tmp_path / "none"), "status")
    whole = subprocess.run(argv, capture_output=True, text=True, check=False).stderr.splitlines()
    assert len(whole) == 2 and "      remove them: sudo vtapctl --socket " in whole[1], whole
    lines = on_terminal(80, *argv, stream="stderr")
    remedies = [line for line in lines if re.match("  [a-z ]+: sudo ", line)]
    assert [line.split(": ")[0] for line in remedies] == ["  start it", "  remove them"], lines
    assert max(len(line) for line in lines if line not in remedies) <= 80 and remedies[1].endswith(" teardown"), lines


def test_doctor_when_the_locale_is_c_then_ascii(vtapd):
    for locale, dots in (("C", " ... ("), ("C.UTF-8", " … (")):
        done = vtapd.ctl("doctor", env={**os.environ, "LC_ALL": locale})
        assert dots in done.stdout.splitlines()[-1], done.stdout


def test_status_when_other_files_were_refused_then_the_hint_names_them(make_vtapd, ns):
    """The daemon was told a relative path; what it says is to be pasted elsewhere."""
    vtapd = make_vtapd(WEB, start=False)
    vtapd.prefix = ["env", "-C", os.path.dirname(vtapd.directory)]
    absolute, vtapd.conf = vtapd.conf, os.path.join(os.path.basename(vtapd.directory), "vtapd.conf")
    vtapd.start()
    vtapd.write("conf.d/x.conf", "[session x]\nvni = y\n")
    vtapd.reload(expect=78)
    assert vtapd.ctl("status").stdout.splitlines()[1].endswith(f": vtapd -c {absolute} --check")
    assert vtapd.status()["daemon"]["config"] == absolute


def test_times_when_asked_twice_then_the_same(vtapd, mirror):
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    times = {(vtapd.session("web")["last_frame"], vtapd.status()["daemon"]["started"]) for _ in range(20)}
    assert len(times) == 1, times


# wait

def test_wait_when_ready_then_0(vtapd):
    assert vtapd.ctl("wait", "web").returncode == 0


def test_wait_when_it_never_comes_then_1_at_the_timeout(make_vtapd, ns):
    ns.ip("link add mirror-web type bridge")
    vtapd = make_vtapd(WEB)
    done = vtapd.ctl("wait", "web", "--timeout", "1")
    assert done.returncode == 1 and "that vtapd did not make" in done.stdout + done.stderr, done


def test_wait_when_it_comes_later_then_0_at_once(make_vtapd, ns):
    ns.ip("link add mirror-web type bridge")
    vtapd = make_vtapd(WEB)
    waiting = ns.start(VTAPCTL, "--socket", vtapd.socket, "wait", "web", "--timeout", "60")
    assert waiting.poll() is None
    ns.ip("link del mirror-web")
    assert waiting.wait(30) == 0


# --json

@pytest.mark.parametrize("argv", [["status"], ["show", "web"], ["match", "4321"], ["unknown"], ["plan"]], ids=" ".join)
def test_json_when_asked_then_it_is_versioned(argv, vtapd):
    done = vtapd.ctl("--json", *argv)
    assert done.returncode == 0 and json.loads(done.stdout)["version"] == 1
    assert json.loads(vtapd.ctl(*argv, "--json").stdout)["version"] == 1, "the option may stand behind too"


def test_curl_when_it_asks_the_socket_then_it_gets_json(vtapd, ns):
    done = ns.run("curl", "-sS", "--unix-socket", vtapd.socket, "http://localhost/v1/status")
    assert json.loads(done.stdout)["sessions"][0]["name"] == "web"


@pytest.mark.parametrize("method,path,expected", [
    ("GET", "/v1/nonsense", 404), ("GET", "/nothing", 404), ("POST", "/v1/status", 405), ("GET", "/v1/reload", 405),
    ("DELETE", "/v1/status", 405), ("GET", "/v1/show", 400), ("GET", "/v1/show?session=nosuch", 404),
    ("GET", "/v1/match", 400), ("GET", "/v1/match?vni=16777216", 400), ("GET", "/v1/match?vni=1&source=x", 400),
    ("GET", "/v1/wait?session=nosuch", 404), ("GET", "/v1/wait?session=web&timeout_ms=x", 400)])
def test_request_when_wrong_then_the_error_is_json(method, path, expected, vtapd):
    status, body = vtapd.request(method, path)
    assert status == expected and body["version"] == 1 and body["error"], (status, body)


# Harm

GARBAGE = [b"", b"\n", b"\0" * 1000, b"GET", b"GET /v1/status", b"GET /v1/status HTTP/1.1\r\n", b"\r\n\r\n\r\n",
           b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET /v1/status HTTP/9.9\r\n\r\n",
           b"POST /v1/reload HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
           b"POST /v1/reload HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
           b"POST /v1/nothing HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
           b"GET /v1/show?session=%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
           b"GET /v1/status HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", os.urandom(4096)]


def connect(vtapd):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(vtapd.socket)
    return sock


def test_socket_when_it_gets_garbage_then_the_daemon_goes_on(vtapd):
    for bytes_ in GARBAGE:
        with connect(vtapd) as sock:
            sock.settimeout(0.5)  # some of it is only the beginning of a request: then the daemon waits, as it may
            try:
                sock.sendall(bytes_)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                pass
    assert vtapd.session("web")["state"] == "ready"


def test_socket_when_clients_stay_half_open_then_others_are_answered(vtapd):
    half_open = [connect(vtapd) for _ in range(20)]
    for sock in half_open:
        sock.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n")
    assert vtapd.ctl("status").returncode == 0
    for sock in half_open:
        sock.close()
    assert vtapd.ctl("status").returncode == 0


def test_socket_when_hundreds_connect_then_it_recovers_and_packets_flow(vtapd, mirror):
    many = []
    for _ in range(300):
        try:
            many.append(connect(vtapd))
        except OSError:
            break  # refused or full: as good as being closed
    mirror.send(4321, frames.numbered(1))
    for sock in many:
        sock.close()
    until(lambda: vtapd.ctl("status").returncode == 0, "status is answered again")
    vtapd.wait_session("web", delivered=1)


def test_socket_when_a_client_never_reads_then_others_are_answered(make_vtapd):
    vtapd = make_vtapd("".join(f"[session s{i}]\nvni = {i}\n" for i in range(50)))
    deaf = [connect(vtapd) for _ in range(10)]
    for sock in deaf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        sock.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    assert vtapd.ctl("status").returncode == 0
    for sock in deaf:
        sock.close()


def test_socket_when_many_ask_at_once_then_all_are_answered(vtapd):
    answers = []

    def ask():
        answers.append(vtapd.request("GET", "/v1/status")[0])
    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 30


def test_descriptors_when_clients_come_and_go_then_none_leaks(vtapd):
    vtapd.status()
    before = len(os.listdir(f"/proc/{vtapd.pid}/fd"))
    for _ in range(200):
        connect(vtapd).close()
        vtapd.status()
    until(lambda: len(os.listdir(f"/proc/{vtapd.pid}/fd")) <= before + 1, "descriptors are closed",
          seen=lambda: len(os.listdir(f"/proc/{vtapd.pid}/fd")))


def test_control_socket_when_left_by_a_killed_daemon_then_the_next_start_takes_its_place(vtapd):
    vtapd.kill()
    assert os.path.exists(vtapd.socket)
    vtapd.start()
    assert vtapd.ctl("status").returncode == 0


def test_reload_when_as_many_clients_wait_as_may_then_it_is_answered_all_the_same(make_vtapd, ns):
    ns.ip("link add mirror-web type bridge")
    vtapd = make_vtapd()
    waiting = []
    for _ in range(128):
        waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        waiting[-1].connect(vtapd.socket)
        waiting[-1].sendall(b"GET /v1/wait?session=web HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: vtapd.request("GET", "/v1/wait?session=web&timeout_ms=1")[0] == 503, "no more may wait")
    vtapd.write("vtapd.conf", WEB + "[session db]\nvni = 4400\n")
    status, body = vtapd.request("POST", "/v1/reload")
    assert status == 200 and body["added"] == 1, body
    for sock in waiting:
        sock.close()


# --check and --dump-config

def names_only(vtapd, text):
    return text.replace(f"{vtapd.directory}/conf.d/", "").replace(f"{vtapd.directory}/", "")


def test_check_when_the_configuration_is_broken_then_78_and_every_mistake(make_vtapd):
    vtapd = make_vtapd("[target default]\nport = 4789\n", files=BROKEN, start=False)
    done = vtapd.vtapd("--check")
    assert done.returncode == 78
    assert names_only(vtapd, done.stdout + done.stderr) == FEEL_MISTAKES


def test_start_when_the_configuration_is_broken_then_78_and_the_same_text(make_vtapd, ns):
    vtapd = make_vtapd("[target default]\nport = 4789\n", files=BROKEN, start=False)
    done = vtapd.vtapd()
    assert done.returncode == 78
    assert names_only(vtapd, FEEL_MISTAKES.splitlines()[0]) in names_only(vtapd, done.stderr)
    assert set(ns.links()) == {"lo", "eth0"}


def test_check_when_good_then_silent_and_0(make_vtapd):
    done = make_vtapd(WEB, start=False).vtapd("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_when_there_is_no_file_then_78_and_its_name(ns):
    done = ns.run(VTAPD, "-c", "/nonexistent/vtapd.conf", "--check", check=False)
    assert done.returncode == 78 and "/nonexistent/vtapd.conf" in done.stdout + done.stderr, done


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_check_when_others_may_write_the_file_then_78(mode, make_vtapd):
    vtapd = make_vtapd(WEB, start=False)
    vtapd.write("conf.d/open.conf", "[session x]\nvni = 1\n", mode=mode)
    done = vtapd.vtapd("--check")
    assert done.returncode == 78 and "open.conf" in done.stdout + done.stderr, done


def test_check_when_a_file_belongs_to_another_then_78(make_vtapd):
    vtapd = make_vtapd(WEB, start=False)
    os.chown(vtapd.write("conf.d/theirs.conf", "[session x]\nvni = 1\n"), 65534, 65534)
    done = vtapd.vtapd("--check")
    assert done.returncode == 78 and "theirs.conf" in done.stdout + done.stderr, done


def check_as_service_user(vtapd, tmp_path):
    """--check where a user vtapd is known: the namespace's programs have a mount namespace of their own."""
    users = tmp_path / "passwd"
    users.write_text("root:x:0:0::/root:/bin/sh\nvtapd:x:65534:65534::/:/bin/false\n")
    return vtapd.ns.run("sh", "-c", 'mount --bind "$1" /etc/passwd && shift && exec "$@"', "-", users,
                        *vtapd.command("--check"), check=False)


@pytest.mark.parametrize("name, mode, remedy", [
    ("vtapd.conf", 0o600, "cannot read it: chmod go+r {}/vtapd.conf"),
    ("conf.d", 0o700, "cannot read it: chmod go+rx {}/conf.d"),
    ("conf.d", 0o744, "cannot reach it: chmod go+x {}/conf.d"),
])
def test_check_when_the_service_user_cannot_read_it_then_78_and_the_remedy(name, mode, remedy, make_vtapd, tmp_path):
    vtapd = make_vtapd(WEB, files={"more.conf": "[session x]\nvni = 1\n"}, start=False)
    os.chmod(vtapd.directory, 0o755)
    assert check_as_service_user(vtapd, tmp_path).returncode == 0
    os.chmod(f"{vtapd.directory}/{name}", mode)
    done = check_as_service_user(vtapd, tmp_path)
    assert done.returncode == 78 and done.stderr == "", done
    lines = done.stdout.splitlines()
    assert any(line.endswith("the service user vtapd " + remedy.format(vtapd.directory)) for line in lines), lines
    assert lines[-1].endswith("in 1 file.") or lines[-1].endswith("in 2 files."), lines


def test_dump_config_when_printed_then_it_has_the_defaults_and_loads_again(make_vtapd):
    vtapd = make_vtapd("[session web]\nvni = 4321, 100-199\nsource = 10.0.0.0/16\n", start=False)
    done = vtapd.vtapd("--dump-config")
    assert done.returncode == 0, done
    for line in ("on-stop = keep", "port = 4789", "mode = tap", "allow = any", "interface = mirror-web", "mtu = 9001"):
        assert line in done.stdout, done.stdout
    vtapd.write("vtapd.conf", done.stdout)
    assert vtapd.vtapd("--dump-config").stdout == done.stdout
