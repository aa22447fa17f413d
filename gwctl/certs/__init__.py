"""Certificates: issuing, reading, trust of the cluster link, TLS of listeners.

The issuing library is loaded only when a certificate is made.
"""

from gwctl.certs.cluster import cluster_pair, pair_warnings
from gwctl.certs.errors import CertificateError, TrustError
from gwctl.certs.generate import WrittenPair, write_shared_pair
from gwctl.certs.issue import issue_default_pair, issue_shared_pair
from gwctl.certs.listening import (
    blank_context,
    listener_context,
    listener_tls,
    new_base,
    prepare_listener_pairs,
)
from gwctl.certs.pair import CertificatePair, load_pair
from gwctl.certs.policy import TlsPolicy, tls_policy
from gwctl.certs.trust import ClusterTrust

__all__ = [
    "CertificateError",
    "CertificatePair",
    "ClusterTrust",
    "TlsPolicy",
    "TrustError",
    "WrittenPair",
    "blank_context",
    "cluster_pair",
    "issue_default_pair",
    "issue_shared_pair",
    "listener_context",
    "listener_tls",
    "load_pair",
    "new_base",
    "pair_warnings",
    "prepare_listener_pairs",
    "tls_policy",
    "write_shared_pair",
]
