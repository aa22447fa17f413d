"""The calls to the kernel do what they promise on this one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gwctl.node import linux


def test_a_refusing_listener_finishes_handshakes_and_takes_no_more() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    address = listener.getsockname()
    queued = socket.create_connection(address)
    linux.refuse_connections(listener)

    refused: list[BaseException] = []

    def knock() -> None:
        try:
            socket.create_connection(address, timeout=10).close()
        except OSError as error:
            refused.append(error)

    late = threading.Thread(target=knock)
    late.start()
    time.sleep(0.1)
    served, _ = listener.accept()
    queued.sendall(b"hello")
    assert served.recv(10) == b"hello"
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()
    late.join()
    assert [type(error) for error in refused] == [ConnectionRefusedError]
    served.close()
    queued.close()


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


def test_a_process_has_the_name_it_gives_itself() -> None:
    done = run("from gwctl.node.linux import *; set_process_name('gwctl x'); print(open('/proc/self/comm').read())")
    assert done.stdout.strip() == "gwctl x"


def test_orphans_come_to_the_reaper_and_are_buried() -> None:
    done = run(
        "import os, time\n"
        "from gwctl.node.linux import become_reaper, bury_orphans\n"
        "become_reaper()\n"
        "read, write = os.pipe()\n"
        "if (child := os.fork()) == 0:\n"
        "    grandchild = os.fork()\n"
        "    if grandchild == 0:\n"
        "        time.sleep(0.2); os._exit(0)\n"
        "    os.write(write, str(grandchild).encode()); os._exit(0)\n"
        "grandchild = int(os.read(read, 20))\n"
        "os.waitpid(child, 0)\n"
        "deadline = time.monotonic() + 10\n"
        "while os.path.exists(f'/proc/{grandchild}') and time.monotonic() < deadline:\n"
        "    bury_orphans(set()); time.sleep(0.01)\n"
        "print(os.path.exists(f'/proc/{grandchild}'))"
    )
    assert done.stdout.strip() == "False", done.stderr


def test_the_reaper_is_the_parent_of_orphans() -> None:
    done = run(
        "import os, time\n"
        "from gwctl.node.linux import become_reaper\n"
        "become_reaper()\n"
        "reaper = os.getpid()\n"
        "read, write = os.pipe()\n"
        "if (child := os.fork()) == 0:\n"
        "    parent = os.getpid()\n"
        "    if os.fork() == 0:\n"
        "        while os.getppid() == parent: time.sleep(0.01)\n"
        "        os.write(write, str(os.getppid()).encode())\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(int(os.read(read, 20)) == reaper)"
    )
    assert done.stdout.strip() == "True", done.stderr


def test_own_children_are_not_buried() -> None:
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    linux.bury_orphans({child.pid})
    assert child.wait() == 7


def test_a_child_that_asked_ends_with_its_parent() -> None:
    code = (
        "import subprocess, sys\n"
        "from gwctl.node.linux import end_with_parent\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], preexec_fn=end_with_parent)\n"
        "print(child.pid, flush=True); input()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_the_file_limit_is_raised_to_what_is_allowed() -> None:
    done = run(
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 500))\n"
        "from gwctl.node.linux import raise_file_limit; raise_file_limit()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert done.stdout.strip() == "(500, 500)"
