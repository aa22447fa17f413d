"""Rules per role, with the reference's messages (hybrid.md 2.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwctl.settings import SettingsError
from tests.unit.settings.conftest import Load

CP, DP, ALONE = "control_plane", "data_plane", "traditional"


@pytest.mark.parametrize(
    ("role", "environ", "problem"),
    [
        (CP, {"ADMIN_LISTEN": "off"}, 'admin_listen must be specified when role = "control_plane"'),
        (CP, {"CLUSTER_LISTEN": "off"}, 'cluster_listen must be specified when role = "control_plane"'),
        (CP, {"DATABASE": "off"}, 'in-memory storage can not be used when role = "control_plane"'),
        (CP, {"CLUSTER_USE_PROXY": "on"}, 'cluster_use_proxy can not be used when role = "control_plane"'),
        (CP, {"CLUSTER_DP_LABELS": "a:b"}, 'cluster_dp_labels can not be used when role = "control_plane"'),
        (DP, {"PROXY_LISTEN": "off"}, 'proxy_listen must be specified when role = "data_plane"'),
        (DP, {"DATABASE": "postgres"}, 'only in-memory storage can be used when role = "data_plane"'),
        (DP, {"DATABASE": "sqlite"}, 'only in-memory storage can be used when role = "data_plane"'),
        (DP, {"CLUSTER_USE_PROXY": "on"}, "cluster_use_proxy is turned on but no proxy_server is configured"),
        (DP, {"CLUSTER_MTLS": "pki"}, "cluster_mtls = pki is not available yet"),
        (DP, {"CLUSTER_DP_LABELS": "_a:b"}, "label key validation failed: _a is invalid. Must match pattern: "),
        (DP, {"CLUSTER_CERT": "/x"}, "cluster certificate and key must be provided to use Hybrid mode"),
        (CP, {"CLUSTER_CERT_KEY": "/x"}, "cluster certificate and key must be provided to use Hybrid mode"),
        (ALONE, {"CLUSTER_DP_LABELS": "a:b"}, 'cluster_dp_labels can only be used when role = "data_plane"'),
    ],
)
def test_what_a_role_refuses(
    problems: Callable[..., list[str]], role: str, environ: dict[str, str], problem: str
) -> None:
    found = problems({f"KONG_{name}": value for name, value in environ.items()}, role=role)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_pki_on_a_control_plane_needs_an_authority(problems: Callable[..., list[str]]) -> None:
    found = problems({"KONG_CLUSTER_MTLS": "pki"}, role=CP)
    assert found == [
        'cluster_ca_cert must be specified when cluster_mtls = "pki"',
        "cluster_mtls = pki is not available yet",
    ]


def test_the_error_is_the_first_problem_with_its_fix(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"KONG_DATABASE": "postgres"}, role=DP)
    assert str(caught.value) == 'only in-memory storage can be used when role = "data_plane"'
    assert caught.value.hint == "set database = off, or leave it unset"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("role", "database", "status"), [(ALONE, "sqlite", 8007), (CP, "sqlite", None), (DP, "off", 8007)]
)
def test_defaults_of_a_role(load: Load, role: str, database: str, status: int | None) -> None:
    settings = load(role=role)
    assert settings.database == database
    assert [listener.port for listener in settings.listeners("status_listen")] == ([status] if status else [])


def test_a_control_plane_may_have_a_status_listener(load: Load) -> None:
    settings = load({"KONG_STATUS_LISTEN": "127.0.0.1:9007"}, role=CP)
    assert [listener.port for listener in settings.listeners("status_listen")] == [9007]


def test_settings_of_other_roles_may_stay(load: Load) -> None:
    settings = load({"KONG_ADMIN_LISTEN": "0.0.0.0:8001", "KONG_CLUSTER_CONTROL_PLANE": "cp:8005"}, role=DP)
    assert settings.role == DP
    load({"KONG_PROXY_LISTEN": "off"}, role=CP)


def test_labels_of_a_data_plane(load: Load) -> None:
    assert load({"KONG_CLUSTER_DP_LABELS": "deployment:local,a:b:c"}, role=DP).labels == {
        "deployment": "local",
        "a": "b:c",
    }


def test_the_cluster_listener_is_tls(load: Load) -> None:
    (listener,) = load(role=CP).listeners("cluster_listen")
    assert (listener.port, listener.ssl) == (8005, True)
