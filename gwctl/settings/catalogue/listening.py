"""The addresses a node listens on."""

from gwctl.settings.declaration import CONFIGURING, CONTROL_PLANE, SERVING, Kind, Setting, Topic, ignored

_NO_MANAGER = "the Manager is not available yet"

LISTENING = Topic(
    "Listeners",
    (
        Setting(
            "proxy_listen",
            Kind.LISTEN,
            "0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384",
            "Addresses that proxy requests, with flags; `http2` is accepted, HTTP/1.1 is spoken. With `proxy_protocol` "
            "every connection must begin with a PROXY header (version 1 or 2).",
            roles=SERVING,
        ),
        ignored(
            "stream_listen",
            Kind.STREAM_LISTEN,
            "off",
            "Addresses that proxy TCP, TLS and UDP.",
            "stream listeners are not available yet",
        ),
        Setting(
            "admin_listen",
            Kind.LISTEN,
            "127.0.0.1:8001 reuseport backlog=16384, 127.0.0.1:8444 http2 ssl reuseport backlog=16384",
            "Addresses of the Admin API. A data plane has none, whatever this says.",
            roles=CONFIGURING,
        ),
        Setting(
            "status_listen",
            Kind.LISTEN,
            "127.0.0.1:8007 reuseport backlog=16384",
            "Addresses of the Status API. Off on a control plane unless set: its `/status` is on the Admin API.",
            default_by_role={CONTROL_PLANE: "off"},
        ),
        Setting(
            "cluster_listen",
            Kind.LISTEN,
            "0.0.0.0:8005",
            "Addresses where a control plane waits for its data planes; always TLS.",
            roles=(CONTROL_PLANE,),
        ),
        ignored("admin_gui_listen", Kind.LISTEN, "off", "Addresses of the Manager.", _NO_MANAGER),
        ignored("admin_gui_url", Kind.STRING, None, "Public address of the Manager.", _NO_MANAGER),
        ignored("admin_gui_path", Kind.STRING, "/", "Path below which the Manager is served.", _NO_MANAGER),
        ignored("admin_gui_api_url", Kind.STRING, None, "Address of the Admin API as browsers see it.", _NO_MANAGER),
        ignored("admin_gui_csp_header", Kind.BOOLEAN, "off", "Content-Security-Policy of the Manager.", _NO_MANAGER),
    ),
)
