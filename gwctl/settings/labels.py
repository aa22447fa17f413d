"""Labels of a data plane (hybrid.md 2.7): ``key:value`` pairs that its control plane shows."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_LABELS = 10
LONGEST = 63
_VALUE_PATTERN = r"^[a-z0-9]([\w\.:-]*[a-z0-9]|)$"
_KEY_PATTERN = r"^(?!kong)(?!konnect)(?!insomnia)(?!mesh)(?!kic)[a-z0-9]([\w\.:-]*[a-z0-9]|)$"
_VALUE = re.compile(_VALUE_PATTERN.removesuffix("$") + r"\Z", re.IGNORECASE | re.ASCII)
_KEY = re.compile(_KEY_PATTERN.removesuffix("$") + r"\Z", re.IGNORECASE | re.ASCII)


class LabelError(ValueError):
    """A label that may not be used; the message is the reference's."""


def parse_labels(items: Iterable[str]) -> dict[str, str]:
    """The labels of ``key:value`` texts, split at the first colon. Raises LabelError."""
    texts = list(items)
    if len(texts) > MOST_LABELS:
        raise LabelError(f"labels validation failed: count exceeded {MOST_LABELS} max elements")
    labels = {}
    for text in texts:
        key, separator, value = text.partition(":")
        if not separator:
            key, value = "", ""
        check_label(key, value)
        labels[key] = value
    return labels


def check_label(key: str, value: str) -> None:
    """Raise LabelError unless both sides may be used as a label."""
    _check(key, _KEY, _KEY_PATTERN, "label key validation failed: ")
    _check(value, _VALUE, _VALUE_PATTERN, "label value validation failed: ")


def _check(text: str, pattern: re.Pattern[str], shown: str, prefix: str) -> None:
    if not 1 <= len(text) <= LONGEST:
        raise LabelError(f"{prefix}{text} must have between 1 and {LONGEST} characters")
    if not pattern.match(text):
        raise LabelError(f"{prefix}{text} is invalid. Must match pattern: {shown}")
