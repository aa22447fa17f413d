"""Where a node writes: paths are relative to the prefix."""

from gwctl.settings.declaration import SERVING, Kind, Setting, Topic, ignored

_ONE_LOG = "all processes of a node write to proxy_error_log"
_NO_STREAM = "stream listeners are not available yet"
_NO_MANAGER = "the Manager is not available yet"

LOGS = Topic(
    "Logs",
    (
        Setting(
            "proxy_access_log",
            Kind.LOG,
            "logs/access.log",
            "One line per proxied request; `off` writes none.",
            roles=SERVING,
        ),
        Setting("proxy_error_log", Kind.LOG, "logs/error.log", "Error log of every process of the node."),
        ignored(
            "proxy_stream_access_log", Kind.LOG, "logs/access.log basic", "Access log of stream listeners.", _NO_STREAM
        ),
        ignored("proxy_stream_error_log", Kind.LOG, "logs/error.log", "Error log of stream listeners.", _ONE_LOG),
        Setting(
            "admin_access_log",
            Kind.LOG,
            "logs/admin_access.log",
            "One line per request to the Admin API; `off` writes none.",
        ),
        ignored(
            "admin_error_log",
            Kind.LOG,
            "logs/error.log",
            "Error log of the Admin API and the cluster listener.",
            _ONE_LOG,
        ),
        ignored(
            "admin_gui_access_log", Kind.LOG, "logs/admin_gui_access.log", "Access log of the Manager.", _NO_MANAGER
        ),
        ignored("admin_gui_error_log", Kind.LOG, "logs/admin_gui_error.log", "Error log of the Manager.", _NO_MANAGER),
        ignored(
            "status_access_log", Kind.LOG, "off", "Access log of the Status API.", "the Status API writes no access log"
        ),
        ignored("status_error_log", Kind.LOG, "logs/status_error.log", "Error log of the Status API.", _ONE_LOG),
    ),
)
