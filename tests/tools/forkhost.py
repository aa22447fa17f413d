"""The process whose children are commands of ``gwctl``: ``python forkhost.py DESCRIPTOR`` (see forked.py).

On the descriptor comes one byte for each command, with three descriptors: a connection and the command's stdout and
stderr. On the connection comes what to run, and the child's pid and exit code go back.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import socket
import sys
from typing import Any

# what commands import when they need it; what is missing here costs time and changes nothing
_PACKAGES = ("cli", "client", "settings", "declarative", "entities", "schema", "store", "changes", "vaults", "certs")
_PACKAGES_OF_DOCUMENTS = ("expressions", "plugins")
_OF_NODES = ("gwctl.node.lifecycle", "gwctl.node.supervise", "gwctl.node.prepare", "gwctl.node.catalog")
_OF_OTHERS = ("alembic.command", "alembic.config", "typer._adapters", "encodings.idna")


def _import_the_program() -> None:
    for name in (*_PACKAGES, *_PACKAGES_OF_DOCUMENTS):
        package = importlib.import_module(f"gwctl.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"gwctl.{name}."):
            importlib.import_module(module.name)
    for name in (*_OF_NODES, *_OF_OTHERS):
        with contextlib.suppress(ImportError):  # a name inside a library may move
            importlib.import_module(name)


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Forks for each request. Returns in the children only, with what to run; None when nobody asks any more."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not message:
            return None
        if os.fork() == 0:
            control.close()
            return _mind(socket.socket(fileno=descriptors[0]), descriptors[1:])
        for descriptor in descriptors:
            os.close(descriptor)


def _mind(connection: socket.socket, outputs: list[int]) -> dict[str, Any]:
    """Forks the command, in which it returns, and tells how it ended."""
    with connection.makefile("rb") as file:
        request: dict[str, Any] = json.loads(file.read())
    pid = os.fork()
    if pid == 0:
        connection.close()
        for number, descriptor in enumerate(outputs, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        return request
    for descriptor in outputs:
        os.close(descriptor)
    with contextlib.suppress(OSError):  # who asked may have gone
        connection.sendall(f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(f"{code}\n".encode())
    os._exit(0)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    _import_the_program()
    gc.collect()
    gc.freeze()
    request = _serve(control)
    if request is None:
        return
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    from gwctl.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
