"""The pair that a node of a cluster is configured with."""

from __future__ import annotations

from pathlib import Path

from gwctl.certs.errors import CertificateError
from gwctl.certs.generate import DEFAULT_CERT, DEFAULT_KEY
from gwctl.certs.pair import CertificatePair, load_pair
from gwctl.settings import CONTROL_PLANE, Settings

_DEFAULT_NAMES = (DEFAULT_CERT, DEFAULT_KEY)
_DAY = 86400.0
_WARN_DAYS = 30
_MISSING = "cluster certificate and key must be provided to use Hybrid mode"


def cluster_pair(settings: Settings) -> CertificatePair:
    """Read ``cluster_cert`` and ``cluster_cert_key``. Raises CertificateError, with what to do on this kind of node."""
    cert, key = settings.text("cluster_cert") or "", settings.text("cluster_cert_key") or ""
    try:
        return load_pair(cert, key)
    except CertificateError as error:
        missing = cert if error.message.startswith("cluster_cert:") else key
        if error.code == "certificate_missing" and Path(missing).name in _DEFAULT_NAMES:
            raise CertificateError(f"{_MISSING}: no file at {missing}", hint=_how_to_get(settings.role)) from None
        raise


def pair_warnings(pair: CertificatePair, now: float) -> list[str]:
    """What an operator should know about a pair that works: an exposed key, an end of life that is near."""
    warnings = []
    if pair.exposed_key:
        warnings.append(f"others than its owner may read the key {pair.places[1]}; run chmod 600 on it")
    left = pair.not_after - now
    if left <= 0:
        warnings.append(f"the certificate {pair.places[0]} has expired; data planes refuse it")
    elif left < _WARN_DAYS * _DAY:
        warnings.append(f"the certificate {pair.places[0]} expires in {left / _DAY:.0f} days")
    if pair.not_before > now:
        skew = pair.not_before - now
        warnings.append(f"the certificate {pair.places[0]} is not valid for another {skew:.0f} s; check the clock")
    return warnings


def _how_to_get(role: str) -> str:
    if role == CONTROL_PLANE:
        return "run `gwctl hybrid gen_cert` here, or set cluster_cert and cluster_cert_key"
    return "copy both files from the control plane (`gwctl hybrid gen_cert` makes them once for a whole cluster)"
