"""TLS of the listeners and towards upstreams."""

from gwctl.settings.declaration import CONFIGURING, SERVING, Kind, Setting, Topic, ignored

_SESSIONS = "sessions follow the defaults of OpenSSL"
_UPSTREAM = "TLS towards upstreams is set by services"
_NO_MANAGER = "the Manager is not available yet"
_NO_DEBUG = "there is no debug listener"

TLS = Topic(
    "TLS",
    (
        Setting(
            "ssl_cipher_suite",
            Kind.ENUM,
            "intermediate",
            "Versions and ciphers of TLS listeners: `modern` is TLS 1.3 only, `intermediate` TLS 1.2 and 1.3, "
            "`custom` takes `ssl_protocols` and `ssl_ciphers`. Nothing below TLS 1.2 is spoken.",
            choices=("modern", "intermediate", "old", "fips", "custom"),
            fixed=("modern", "intermediate", "custom"),
            note="it needs versions or ciphers that gwctl does not speak; intermediate is used",
        ),
        Setting("ssl_ciphers", Kind.STRING, None, "Ciphers in OpenSSL's notation, for `ssl_cipher_suite = custom`."),
        Setting(
            "ssl_protocols",
            Kind.STRING,
            "TLSv1.2 TLSv1.3",
            "Versions of TLS, for `ssl_cipher_suite = custom`; older ones than TLSv1.2 are not spoken.",
        ),
        ignored("ssl_prefer_server_ciphers", Kind.NGX_BOOLEAN, "on", "Whose order of ciphers counts.", _SESSIONS),
        ignored("ssl_dhparam", Kind.STRING, None, "Diffie-Hellman parameters.", "elliptic curves are used instead"),
        ignored("ssl_session_tickets", Kind.NGX_BOOLEAN, "on", "Session tickets.", _SESSIONS),
        ignored("ssl_session_timeout", Kind.STRING, "1d", "Life of a session.", _SESSIONS),
        ignored("ssl_session_cache_size", Kind.SIZE, "10m", "Size of the session cache.", _SESSIONS),
        Setting(
            "ssl_cert",
            Kind.CERTIFICATES,
            None,
            "Certificates of proxy listeners (path, PEM or base64 of PEM). "
            "Unset: self-signed ones are made in the prefix.",
            roles=SERVING,
        ),
        Setting(
            "ssl_cert_key", Kind.CERTIFICATES, None, "Keys of `ssl_cert`, in its order.", roles=SERVING, secret=True
        ),
        Setting("admin_ssl_cert", Kind.CERTIFICATES, None, "Certificates of Admin API listeners.", roles=CONFIGURING),
        Setting(
            "admin_ssl_cert_key",
            Kind.CERTIFICATES,
            None,
            "Keys of `admin_ssl_cert`, in its order.",
            roles=CONFIGURING,
            secret=True,
        ),
        Setting("status_ssl_cert", Kind.CERTIFICATES, None, "Certificates of Status API listeners."),
        Setting(
            "status_ssl_cert_key", Kind.CERTIFICATES, None, "Keys of `status_ssl_cert`, in its order.", secret=True
        ),
        ignored("admin_gui_ssl_cert", Kind.CERTIFICATES, None, "Certificates of the Manager.", _NO_MANAGER),
        ignored("admin_gui_ssl_cert_key", Kind.CERTIFICATES, None, "Keys of the Manager.", _NO_MANAGER, secret=True),
        ignored("debug_ssl_cert", Kind.CERTIFICATES, None, "Certificates of the debug listener.", _NO_DEBUG),
        ignored("debug_ssl_cert_key", Kind.CERTIFICATES, None, "Keys of the debug listener.", _NO_DEBUG, secret=True),
        ignored("client_ssl", Kind.BOOLEAN, "off", "Present a certificate to upstreams by default.", _UPSTREAM),
        ignored("client_ssl_cert", Kind.CERTIFICATE, None, "Certificate presented to upstreams.", _UPSTREAM),
        ignored("client_ssl_cert_key", Kind.CERTIFICATE, None, "Key of `client_ssl_cert`.", _UPSTREAM, secret=True),
        ignored(
            "lua_ssl_trusted_certificate", Kind.ARRAY, "system", "Trust of outgoing TLS.", "the system's trust is used"
        ),
        ignored("lua_ssl_verify_depth", Kind.NUMBER, "1", "Longest chain of outgoing TLS.", "OpenSSL's limit is used"),
        ignored(
            "lua_ssl_protocols", Kind.STRING, "TLSv1.2 TLSv1.3", "Versions of outgoing TLS.", "TLS 1.2 and 1.3 are used"
        ),
    ),
)
