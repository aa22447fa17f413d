"""The report: the errors of all items as the reference's tree, as flat entries, and with their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwctl.declarative.errors import DeclarativeError, Locate, Path
from gwctl.declarative.flattened import flattened_entries
from gwctl.declarative.items import Document, Item
from gwctl.declarative.records import Completion
from gwctl.declarative.references import Dangling, needs_parent
from gwctl.schema.errors import ENTITY
from gwctl.schema.messages import MISSING_PRIMARY_KEY


def refusal(
    document: Document, completion: Completion, file: str | None, locate: Locate | None
) -> DeclarativeError | None:
    """The error of a document, None when nothing is wrong with it."""
    named: list[tuple[Item, str, Any]] = [(each.item, each.field, each.message) for each in completion.repeated]
    lists: dict[Item, list[Dangling]] = {}
    if _validated_twice(document, completion):
        for dangling in completion.resolver.dangling:
            dangling.item.blame({dangling.field: {"id": MISSING_PRIMARY_KEY}})
    else:
        for dangling in completion.resolver.dangling:
            lists.setdefault(dangling.item, []).append(dangling)
    guilty = [item for item in document.items if item.errors or item.text is not None]
    if not (guilty or named or lists or document.errors):
        return None
    loose = _by_name(named, lists)
    tree = _Tree()
    for item in guilty:
        tree.put(item)
    fields = _joined({**document.errors, **tree.finished()}, loose)
    return DeclarativeError(
        fields,
        hoisted=_joined(dict(document.errors), loose),
        entries=flattened_entries(guilty),
        faults=list(_faults(document, guilty, named, lists)),
        locate=locate,
        file=file,
    )


def _validated_twice(document: Document, completion: Completion) -> bool:
    """Whether the reference's first pass fails: then it fills foreign keys in, and one that leads nowhere lacks its
    key. A rule that needs a foreign key fails there always (``basicauth_credentials``)."""
    return (
        bool(document.errors)
        or completion.resolver.parents_repeated
        or any(item.errors or needs_parent(item.schema) for item in document.items)
    )


def _by_name(named: list[tuple[Item, str, Any]], lists: Mapping[Item, list[Dangling]]) -> dict[str, dict[str, Any]]:
    loose: dict[str, dict[str, Any]] = {}
    for item, _, message in named:
        loose.setdefault(item.schema.name, {})[_label(item)] = message
    for item, danglings in lists.items():
        loose.setdefault(item.schema.name, {})[_label(item)] = [each.message for each in danglings]
    return loose


def _label(item: Item) -> str:
    """How errors that are told by name call an item: endpoint key, id, or position."""
    position = item.path[-1]
    given = item.id if item.origin == "given" else None
    return item.endpoint_value or given or str(position + 1 if isinstance(position, int) else position)


def _joined(fields: dict[str, Any], loose: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``fields`` with the errors that are told by name; a list that gets names becomes an object."""
    for entity, by_name in loose.items():
        there = fields.get(entity)
        if isinstance(there, list):
            there = {str(position): error for position, error in enumerate(there, 1) if error is not None}
        fields[entity] = {**there, **by_name} if isinstance(there, dict) else dict(by_name)
    return fields


class _Tree:
    """Errors by path; positions become padded lists when it is finished."""

    def __init__(self) -> None:
        self._root: dict[str | int, Any] = {}

    def put(self, item: Item) -> None:
        node = self._root
        for step in item.path[:-1]:
            node = node.setdefault(step, {})
            if isinstance(node, str):
                return
        last = item.path[-1]
        there = node.get(last)
        errors = dict(item.errors or {})
        if item.text is not None:
            if not errors and there is None:
                node[last] = item.text
                return
            errors[ENTITY] = [*errors.get(ENTITY, ()), item.text]
        node[last] = {**(there if isinstance(there, dict) else {}), **errors}

    def finished(self) -> dict[str, Any]:
        finished: dict[str, Any] = _finished(self._root)
        return finished


def _finished(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(key, int) for key in node):
        return [_finished(node.get(position)) for position in range(max(node) + 1)]
    return {key: _finished(below) for key, below in node.items()}


def _faults(
    document: Document,
    guilty: list[Item],
    named: list[tuple[Item, str, Any]],
    lists: Mapping[Item, list[Dangling]],
) -> Iterator[tuple[Path, str]]:
    for name, error in document.errors.items():
        yield (name,), str(error)
    for item in guilty:
        if item.text is not None:
            yield item.path, item.text
        yield from leaves(item.path, item.errors or {})
    for item, field, message in named:
        yield (*item.path, field), message
    for item, danglings in lists.items():
        for each in danglings:
            yield (*item.path, each.field), each.message


def leaves(path: Path, errors: Any) -> Iterator[tuple[Path, str]]:
    """Every text below ``errors`` with its path; entity checks stand at the entity itself."""
    if isinstance(errors, Mapping):
        for name, error in errors.items():
            if name == ENTITY:
                for text in error if isinstance(error, list) else [error]:
                    yield path, str(text)
            else:
                yield from leaves((*path, name), error)
    elif isinstance(errors, list | tuple):
        for position, error in enumerate(errors):
            if error is not None:
                yield from leaves((*path, position), error)
    else:
        yield path, str(errors)
