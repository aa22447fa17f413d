"""The codec ``fast`` accepts nothing that h11 with the strict checks does not, and means the same by it.

The same over a million heads: tests/soak/test_fast_against_h11.py.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.http1 import fast
from gwctl.engine.http1.choice import FAST
from tests.integration.engine.strict_cases import ACCEPTED, REFUSED
from tests.tools import heads
from tests.tools.codecs import LIMITS, disagreement, request_meant, response_meant

CASES = 2000
RANDOM = st.integers(0, 2**64).map(random.Random)


@settings(max_examples=200, deadline=None)
@given(RANDOM)
def test_requests_mean_the_same(rng: random.Random) -> None:
    assert disagreement(heads.request(rng), method=None) is None


@settings(max_examples=200, deadline=None)
@given(RANDOM, st.sampled_from([b"GET", b"HEAD"]))
def test_responses_mean_the_same(rng: random.Random, method: bytes) -> None:
    assert disagreement(heads.response(rng), method=method) is None


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_bytes_between_sound_ones_mean_the_same(first: bytes, second: bytes) -> None:
    raw = b"GET /" + first + b" HTTP/1.1\r\nHost: gw.test\r\nX: " + second + b"\r\n\r\n"
    assert disagreement(raw, method=None) is None
    assert disagreement(b"HTTP/1.1 200 " + first + b"\r\nX: " + second + b"\r\n\r\n", method=b"GET") is None


def test_many_heads_mean_the_same_and_the_fast_codec_reads_its_share_itself() -> None:
    rng = random.Random(4)
    read = 0
    for _ in range(CASES):
        raw = heads.request(rng)
        assert disagreement(raw, method=None) is None
        read += fast.request_head(raw, LIMITS) is not None
        assert disagreement(heads.response(rng), method=b"GET") is None
    assert read > CASES / 20


def test_a_cut_anywhere_means_the_same() -> None:
    rng = random.Random(5)
    for _ in range(25):
        request, response = heads.request(rng), heads.response(rng)
        whole = request_meant(FAST, [request]), response_meant(FAST, [response], b"GET")
        for cut in range(1, len(request)):
            assert request_meant(FAST, [request[:cut], request[cut:]]) == whole[0], (request, cut)
        for cut in range(1, len(response)):
            assert response_meant(FAST, [response[:cut], response[cut:]], b"GET") == whole[1], (response, cut)


STRICT = {name: raw for name, (raw, _) in (REFUSED | ACCEPTED).items()}


@pytest.mark.parametrize("raw", STRICT.values(), ids=STRICT)
def test_the_strict_cases_mean_the_same(raw: bytes) -> None:
    head, mark, _ = raw.partition(b"\r\n\r\n")
    assert disagreement(head + mark, method=None) is None
