"""Every command, environment and health check of the examples, run as local processes."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.gateway import Place, Spawned
from tests.tools.markdown import shell_lines
from tests.tools.postgres import running_postgres
from tests.tools.waiting import wait_for

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
HYBRID = EXAMPLES / "hybrid_shared"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs the Debian package curl")


def test_every_example_is_run_by_a_test() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {
        "quickstart",
        "hybrid_shared",
        "state_as_code",
        "dbless",
    }


@needs_curl
@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_quickstart(place: Place) -> None:
    told = [place.run(["sh", "-c", line]).out for line in shell_lines(EXAMPLES / "quickstart" / "README.md")]

    assert any("SYNC STATUS" in text and "normal" in text for text in told)
    assert any('"reachable":true' in text.replace(" ", "") for text in told), "the first proxied answer"
    place.becomes_empty()


@needs_curl
@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_dbless(place: Place) -> None:
    shutil.copyfile(EXAMPLES / "dbless" / "kong.yml", place.directory / "kong.yml")
    told = place.run(["sh", "-ec", "\n".join(shell_lines(EXAMPLES / "dbless" / "README.md"))]).out

    assert '{"message":"ready"}' in told
    assert '"username":"alice"' in told
    assert '"username":"carol"' in told
    assert "expected an array" in told
    assert "_format_version: '3.0'" in told
    place.becomes_empty()


@needs_curl
@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_state_as_code(place: Place) -> None:
    shutil.copytree(EXAMPLES / "state_as_code" / "config", place.directory / "config")
    # One shell for all lines, as a reader has: a variable that one line exports is there in the next.
    told = place.run(["sh", "-ec", "\n".join(shell_lines(EXAMPLES / "state_as_code" / "README.md"))], timeout=120).out

    assert told.count("Summary:") == 8
    assert "~ update plugin rate-limiting" in told
    assert "~ update service status" in told
    assert told.splitlines().count("consumers/alice") == 1
    assert "consumers/bob" not in told
    place.becomes_empty()


class Compose:
    """Services of a compose file as local processes: host names become loopback, volumes directories."""

    def __init__(self, path: Path, place: Place, password: str, port: int) -> None:
        self.services: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
        self._place = place
        self._database = {"GWCTL_PG_PORT": str(port), "GWCTL_PG_PASSWORD": password}
        self._running: dict[str, Spawned] = {}
        self._hosts = re.compile(rf"\b({'|'.join(self.services)})(?=:\d)")

    def up(self) -> None:
        started: set[str] = {"database"}
        while waiting := [name for name in self.services if name not in started]:
            name = next(name for name in waiting if set(self.services[name].get("depends_on", ())) <= started)
            self._start(name)
            started.add(name)

    def down(self) -> None:
        for name, spawned in reversed(self._running.items()):
            own = self.command(name)[0] == "gwctl"
            code = spawned.end(signal.SIGQUIT if own else signal.SIGTERM)
            assert code == 0 or not own, f"{name} ended with {code}: {spawned.text}"

    def command(self, name: str) -> list[str]:
        """Entry point (the image's unless the service has one) and command."""
        service = self.services[name]
        return [*service.get("entrypoint", ["gwctl"]), *service.get("command", [])]

    def environ(self, name: str) -> dict[str, str]:
        home = self._place.directory / name
        home.mkdir(exist_ok=True)
        given = {key: self.local(str(value)) for key, value in self.services[name].get("environment", {}).items()}
        given = {key: "127.0.0.1" if value in self.services else value for key, value in given.items()}
        database = self._database if "GWCTL_DATABASE" in given else {}
        return {"GWCTL_HOME": str(home), **given, **database}

    def local(self, text: str) -> str:
        text = text.replace("/certificates", str(self._place.directory / "certificates"))
        return self._hosts.sub("127.0.0.1", text)

    def _start(self, name: str) -> None:
        service = self.services[name]
        words = [self.local(word) for word in self.command(name)]
        dependents = [other.get("depends_on", {}).get(name, {}) for other in self.services.values()]
        if any(each.get("condition") == "service_completed_successfully" for each in dependents):
            self._place.run(words, env=self.environ(name))
            self._place.run(words, env=self.environ(name))  # as the second `up` will
            return
        self._running[name] = self._place.spawn_program(words, env=self.environ(name))
        if "healthcheck" in service:
            kind, *check = service["healthcheck"]["test"]
            assert kind == "CMD"
            wait_for(
                lambda: self._place.run(check, env=self.environ(name), ok=False).code == 0,
                f"{name} is healthy{self._place.last_lines()}",
                deadline=30,
            )


@needs_curl
@pytest.mark.serial
@pytest.mark.postgres
@pytest.mark.usefixtures("documented_ports")
def test_hybrid_shared(place: Place) -> None:
    (place.directory / "certificates").mkdir()
    with running_postgres() as postgres:
        postgres.create_database("kong")
        compose = Compose(HYBRID / "compose.yaml", place, postgres.password, postgres.port)
        told = []
        for line in shell_lines(HYBRID / "README.md"):
            if line.startswith("docker compose up"):
                compose.up()
            elif line.startswith("docker compose down"):
                compose.down()
            else:
                assert line.startswith("curl "), line
                told.append(place.run(["sh", "-c", re.sub(r"//echo\b", "//127.0.0.1", line)]).out)

    assert '"deployment":"local"' in told[-1].replace(" ", "")
    assert "Directory listing" in told[-2]


def test_the_compose_file_names_what_exists() -> None:
    document = yaml.safe_load((HYBRID / "compose.yaml").read_text())
    database = document["services"]["database"]["environment"]
    for name, service in document["services"].items():
        environ = service.get("environment", {})
        if "GWCTL_DATABASE" in environ:
            assert environ["GWCTL_PG_HOST"] == "database"
            assert environ["GWCTL_PG_USER"] == database["POSTGRES_USER"]
            assert environ["GWCTL_PG_PASSWORD"] == database["POSTGRES_PASSWORD"]
            assert environ["GWCTL_PG_DATABASE"] == database["POSTGRES_DB"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in document["volumes"], name
        for other in service.get("depends_on", {}):
            assert other in document["services"]
        if "build" in service:
            assert (HYBRID / service["build"]["context"] / service["build"]["dockerfile"]).resolve().is_file()


def test_the_image_installs_the_program_and_stops_gracefully(place: Place, tmp_path: Path) -> None:
    text = (HYBRID / "Dockerfile").read_text()
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    instructions = [(word, rest) for word, _, rest in lines]
    told = dict(instructions)
    assert told["STOPSIGNAL"] == "SIGQUIT"
    assert told["ENTRYPOINT"] == '["gwctl"]'
    assert told["USER"] == "gwctl"
    assert told["ENV"] == "GWCTL_HOME=/var/lib/gwctl"
    assert ("COPY", ". /src") in instructions
    (install,) = [rest for word, rest in instructions if word == "RUN" and rest.startswith("pip install")]
    words = shlex.split(install.replace("/src", str(REPOSITORY)))

    target = tmp_path / "image"
    place.run([sys.executable, "-m", *words, "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target)])

    assert (target / "bin" / "gwctl").is_file()
    assert (target / "gwctl" / "_data" / "migrations" / "versions").is_dir()
