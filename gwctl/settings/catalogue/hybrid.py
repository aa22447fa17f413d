"""The cluster: one control plane or several, and their data planes."""

from gwctl.settings.declaration import CLUSTERED, CONTROL_PLANE, DATA_PLANE, Alias, Kind, Setting, Topic, ignored

_PKI = "cluster_mtls = pki is not available yet"
_RPC_SYNC = "Cluster rpc sync has been forcibly disabled, please enable cluster RPC."
_PROXY = "the cluster link cannot go through a forward proxy yet"
_TELEMETRY = "the telemetry channel is not available yet"
_FALLBACK = "fallback storage is not available"

HYBRID = Topic(
    "Cluster",
    (
        Setting(
            "cluster_mtls",
            Kind.ENUM,
            "shared",
            "How the two ends of the link trust each other; `shared`: all nodes hold the same certificate and key.",
            roles=CLUSTERED,
            choices=("shared", "pki"),
        ),
        Setting(
            "cluster_cert",
            Kind.CERTIFICATE,
            "./cluster.crt",
            "Certificate of the node for the link (path, PEM or base64 of PEM).",
            roles=CLUSTERED,
        ),
        Setting(
            "cluster_cert_key",
            Kind.CERTIFICATE,
            "./cluster.key",
            "Key of `cluster_cert`.",
            roles=CLUSTERED,
            secret=True,
        ),
        ignored("cluster_ca_cert", Kind.CERTIFICATE, None, "Authority of the nodes' certificates, with pki.", _PKI),
        ignored("cluster_server_name", Kind.STRING, None, "Name expected of the control plane, with pki.", _PKI),
        Setting(
            "cluster_control_plane",
            Kind.ARRAY,
            "127.0.0.1:8005",
            "`host:port` of the control plane; of several, separated by commas, the next is tried when one fails.",
            roles=(DATA_PLANE,),
            flag="--cp",
        ),
        Setting(
            "cluster_max_payload",
            Kind.INTEGER,
            "16777216",
            "Most bytes of one message on the link; the same on both ends.",
            roles=CLUSTERED,
            minimum=4194304,
            bounds_text="must be 4194304 (4MB) or greater",
        ),
        Setting(
            "cluster_dp_labels",
            Kind.ARRAY,
            None,
            "`key:value` pairs that the control plane shows for a data plane; at most 10.",
            roles=(DATA_PLANE,),
        ),
        Setting(
            "cluster_data_plane_purge_delay",
            Kind.INTEGER,
            "1209600",
            "Seconds after its last contact when a data plane disappears from the list.",
            roles=(CONTROL_PLANE,),
            minimum=60,
        ),
        Setting(
            "cluster_heartbeat_interval",
            Kind.NUMBER,
            "30",
            "Seconds between two heartbeats of a data plane.",
            roles=CLUSTERED,
            above=0,
        ),
        ignored(
            "cluster_ocsp", Kind.ENUM, "off", "Revocation checks, with pki.", _PKI, choices=("on", "off", "optional")
        ),
        ignored("cluster_use_proxy", Kind.BOOLEAN, "off", "Reach the control plane through `proxy_server`.", _PROXY),
        ignored(
            "proxy_server", Kind.STRING, None, "Forward proxy: `http(s)://[user:pass@]host:port`.", _PROXY, secret=True
        ),
        ignored("proxy_server_ssl_verify", Kind.BOOLEAN, "on", "Verify the certificate of a forward proxy.", _PROXY),
        ignored(
            "cluster_rpc", Kind.BOOLEAN, "off", "The reference's RPC channel.", "Cluster RPC has been forcibly disabled"
        ),
        ignored("cluster_rpc_sync", Kind.BOOLEAN, "off", "The reference's config over RPC.", _RPC_SYNC),
        ignored("cluster_cjson", Kind.BOOLEAN, "off", "Choice of JSON decoder.", "there is one JSON decoder"),
        ignored("cluster_telemetry_listen", Kind.LISTEN, None, "Address for telemetry of data planes.", _TELEMETRY),
        ignored("cluster_telemetry_endpoint", Kind.STRING, None, "Where a data plane sends telemetry.", _TELEMETRY),
        ignored("cluster_telemetry_server_name", Kind.STRING, None, "Name expected of that end.", _TELEMETRY),
        ignored("cluster_allowed_common_names", Kind.ARRAY, None, "Common names of accepted data planes.", _PKI),
        ignored("cluster_fallback_config_import", Kind.BOOLEAN, "off", "Fetch config from a storage.", _FALLBACK),
        ignored("cluster_fallback_config_export", Kind.BOOLEAN, "off", "Put config into a storage.", _FALLBACK),
        ignored("cluster_fallback_config_storage", Kind.STRING, None, "Address of that storage.", _FALLBACK),
        ignored(
            "data_plane_config_cache_mode",
            Kind.STRING,
            None,
            "Encryption of the data plane's cache.",
            "the mode of the cache cannot be chosen",
        ),
        ignored(
            "allow_inconsistent_data_plane_plugins",
            Kind.BOOLEAN,
            "off",
            "Accept data planes with other plugins.",
            "no plugin is bundled yet",
        ),
    ),
    (Alias("cluster_incremental_sync", "cluster_rpc_sync"),),
)
