"""hybrid.md 7.1 and observed.md 3."""

from __future__ import annotations

import pytest

from gwctl.cluster.compatibility import choose_protocol, explain_protocols, judge_version


@pytest.mark.parametrize("version", ["3.8.1", "3.8.0", "3.8.1000", "3.8.1-enterprise", "3.8.1.4", "3.8"])
def test_the_same_minor_is_accepted_silently(version: str) -> None:
    verdict = judge_version(version, "3.8.1")
    assert verdict.problem is None
    assert verdict.remark is None


@pytest.mark.parametrize("version", ["3.7.0", "3.0.0"])
def test_an_older_minor_is_accepted_with_a_remark(version: str) -> None:
    verdict = judge_version(version, "3.8.1")
    assert verdict.problem is None
    assert verdict.remark == f"data plane minor version {version} is different to control plane minor version 3.8.1"


@pytest.mark.parametrize("version", ["3.9.0", "3.1000.0"])
def test_a_newer_minor_is_refused(version: str) -> None:
    problem = judge_version(version, "3.8.1").problem
    assert problem == f"data plane version {version} is incompatible with older control plane version 3.8.1"


@pytest.mark.parametrize("version", ["4.0.0", "2.8.0", "1.0.0", "abc", "", "3", "3.x", "9" * 30 + ".1"])
def test_another_major_or_no_version_is_refused(version: str) -> None:
    problem = judge_version(version, "3.8.1").problem
    assert problem == (
        f"data plane version {version} is incompatible with control plane version 3.8.1 (3.x.y are accepted)"
    )


@pytest.mark.parametrize(
    ("control_plane", "data_plane", "accepted"),
    [
        ("1.1.2", "1.1.2", True),
        ("1.1.999", "1.1.2222", True),
        ("1.2.0", "1.1.0", True),
        ("1.9999.0", "1.1.33", True),
        ("2.1.0", "1.1.0", False),
        ("1.1.0", "2.1.0", False),
        ("1.1.0", "1.2.0", False),
    ],
)
def test_u6_the_matrix_of_versions(control_plane: str, data_plane: str, accepted: bool) -> None:
    assert (judge_version(data_plane, control_plane).problem is None) is accepted


def test_the_highest_common_protocol_is_chosen() -> None:
    assert choose_protocol([1, 2, 3]) == 1
    assert choose_protocol([2, 3]) is None
    assert explain_protocols([2, 3], "9.9.9") == (
        "no common protocol: the data plane (gwctl 9.9.9) speaks 2, 3, the control plane speaks 1"
    )
