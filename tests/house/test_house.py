"""The rules of the house that no linter knows: sizes, homes of libraries, what the program may not know."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "gwctl"
SOURCES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 400

HOMES = {
    "aiodns": {"engine"},
    "alembic": {"store"},
    "cryptography": {"certs", "kit"},
    "h11": {"engine"},
    "lmdb": {"cache"},
    "orjson": None,
    "psycopg": {"store"},
    "re2": {"kit"},
    "regex": {"kit"},
    "rich": {"cli"},
    "sqlalchemy": {"store"},
    "starlette": {"admin", "status"},
    "python_multipart": {"admin"},
    "typer": {"cli"},
    "uvicorn": {"node"},
    "uvloop": {"node"},
    "websockets": {"cluster"},
    "xxhash": {"engine"},
    "yaml": {"cli", "declarative"},
}
"""Which packages may import a library of others; None: all. A library that is not here may not be imported."""


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imports(path: Path) -> Iterator[str]:
    """Top-level names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_file_is_one_idea(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) < MOST_LINES
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a module says what it is"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


def test_every_library_has_a_home() -> None:
    strangers = {
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in SOURCES
        for name in imports(path)
        if name not in sys.stdlib_module_names and name != "gwctl" and not at_home(path, name)
    }

    assert strangers == set()


def at_home(path: Path, name: str) -> bool:
    homes = HOMES.get(name, set())
    return homes is None or package_of(path) in homes


def test_homes_are_the_dependencies() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[\[<>=~ ]", dependency)[0].replace("-", "_") for dependency in project["dependencies"]}
    other_names = {"google_re2": "re2", "pyyaml": "yaml"}

    assert {other_names.get(name, name) for name in named} == set(HOMES)


def test_the_program_does_not_know_that_it_is_tested() -> None:
    for path in SOURCES:
        assert not {"pytest", "tests", "hypothesis", "unittest"} & set(imports(path)), path


def test_floors_name_every_package() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (floors,) = [contract for contract in contracts if contract["type"] == "layers"]
    named = {word.strip() for layer in floors["layers"] for word in layer.split("|")}
    packages = {f"gwctl.{path.name}" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert named == packages


def test_functions_stay_small() -> None:
    """At most one function in fifty has a body of more than forty lines."""
    sizes = [size for path in SOURCES for size in bodies(path)]

    assert len([size for size in sizes if size > 40]) <= len(sizes) / 50


def bodies(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield (body[-1].end_lineno or 0) - body[0].lineno + 1
