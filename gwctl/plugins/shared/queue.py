"""The parameters of the queues that log and trace plugins send through (plugins-transform-observe.md 2)."""

from __future__ import annotations

from typing import Any

from gwctl.schema import Record, fields
from gwctl.schema.deprecation import Deprecation

_ENTRIES = (1, 1_000_000)
_DELAY = (0.001, 1_000_000)


class Queue(Record):
    """How entries are collected, kept and sent again."""

    max_batch_size: int | None = fields.integer(default=1, between=_ENTRIES, help="entries sent at once")
    max_coalescing_delay: float | None = fields.number(
        default=1, between=(0, 3600), help="seconds to wait for more entries after the first one of a batch"
    )
    max_entries: int | None = fields.integer(default=10000, between=_ENTRIES, help="entries that may wait")
    max_bytes: int | None = fields.integer(help="bytes that may wait; no limit when unset")
    max_retry_time: float | None = fields.number(
        default=60, help="seconds after which a failing batch is given up; -1: never tried again"
    )
    initial_retry_delay: float | None = fields.number(
        default=0.01, between=_DELAY, help="seconds before the first retry; doubled by each further one"
    )
    max_retry_delay: float | None = fields.number(default=60, between=_DELAY, help="most seconds between two retries")
    concurrency_limit: int | None = fields.integer(
        default=1, one_of=(-1, 1), help="1: batches are sent one by one; -1: every entry at once, without a queue"
    )


def old_retry_count(plugin: str) -> Any:
    """The field ``retry_count``, which does nothing any more."""
    message = f"{plugin}: config.retry_count no longer works, please use config.queue.max_retry_time instead"
    return fields.integer(
        help="has no effect; use queue.max_retry_time", deprecation=Deprecation(message=message, old_default=10)
    )


def old_queue_size(plugin: str, name: str = "queue_size", old_default: int = 1) -> Any:
    """The field that was the batch size before there was a queue record."""
    return fields.integer(
        help="use queue.max_batch_size", deprecation=_moved(plugin, name, "max_batch_size", old_default)
    )


def old_flush_timeout(plugin: str) -> Any:
    """The field ``flush_timeout``, in seconds."""
    deprecation = _moved(plugin, "flush_timeout", "max_coalescing_delay", 2)
    return fields.number(help="use queue.max_coalescing_delay", deprecation=deprecation)


def old_batch_flush_delay(plugin: str) -> Any:
    """The field ``batch_flush_delay``, in seconds."""
    deprecation = _moved(plugin, "batch_flush_delay", "max_coalescing_delay", 3)
    return fields.integer(help="use queue.max_coalescing_delay", deprecation=deprecation)


def _moved(plugin: str, old: str, new: str, old_default: float) -> Deprecation:
    message = f"{plugin}: config.{old} is deprecated, please use config.queue.{new} instead"
    return Deprecation(message=message, old_default=old_default)
