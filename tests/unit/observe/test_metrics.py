"""The rows of figures of workers, and their sum."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.shared.memory import Layout, SharedMemory
from gwctl.engine.shared.metric_rows import MetricRows
from gwctl.observe.metrics import BUCKETS_MS

SMALL = Layout(health_slots=64, rows=3, columns=64)

requests = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from([0, 101, 200, 304, 404, 503, 999]), st.integers(0, 1 << 40),
        st.floats(0, 100), st.none() | st.floats(0, 100),
    )
)  # fmt: skip


@given(requests)
def test_rows_add_up(done: list[tuple[int, int, int, float, float | None]]) -> None:
    memory = SharedMemory.create(SMALL)
    rows = MetricRows(memory)
    for row, status, sent, seconds, upstream in done:
        rows.row(row).request(status, sent, seconds, upstream)  # each time as if by another process
    totals = rows.totals()
    assert totals.requests == len(done) == sum(totals.statuses.values()) == sum(totals.request.counts)
    assert totals.statuses["5xx"] == sum(status == 503 for _, status, *_ in done)
    assert totals.statuses["none"] == sum(status in (0, 999) for _, status, *_ in done)
    assert totals.sent_bytes == sum(sent for _, _, sent, *_ in done)
    proxied = [upstream for *_, upstream in done if upstream is not None]
    assert totals.proxied == len(proxied) == sum(totals.upstream.counts)
    for index, bound in enumerate(BUCKETS_MS):
        assert sum(totals.upstream.counts[: index + 1]) == sum(seconds * 1000 <= bound for seconds in proxied)
    assert abs(totals.upstream.seconds - sum(proxied)) < 1e-3
    memory.close()
