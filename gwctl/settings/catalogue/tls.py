"""TLS of the listeners and towards upstreams."""

from gwctl.settings.declaration import CONFIGURING, SERVING, Kind, Setting, Topic, ignored

_CACHE = "tickets need no cache; without them a worker keeps 20480 sessions"
_NO_MANAGER = "the Manager is not available yet"
_NO_DEBUG = "there is no debug listener"

TLS = Topic(
    "TLS",
    (
        Setting(
            "ssl_cipher_suite",
            Kind.ENUM,
            "intermediate",
            "Versions and ciphers of TLS listeners: `modern` is TLS 1.3 only, `intermediate` TLS 1.2 and 1.3, `old` "
            "TLS 1.0 and later with ciphers that are not safe any more, `fips` TLS 1.2 with RSA key exchange, "
            "`custom` takes `ssl_protocols`, `ssl_ciphers` and `ssl_prefer_server_ciphers`. The ciphers of TLS 1.3 "
            "are always those of OpenSSL.",
            choices=("modern", "intermediate", "old", "fips", "custom"),
        ),
        Setting("ssl_ciphers", Kind.STRING, None, "Ciphers in OpenSSL's notation, for `ssl_cipher_suite = custom`."),
        Setting(
            "ssl_protocols",
            Kind.STRING,
            "TLSv1.2 TLSv1.3",
            "Versions of TLS, for `ssl_cipher_suite = custom`: what lies between the lowest and the highest is spoken. "
            "OpenSSL speaks versions before TLSv1.2 only when `ssl_ciphers` contains `@SECLEVEL=0`.",
        ),
        Setting(
            "ssl_prefer_server_ciphers",
            Kind.NGX_BOOLEAN,
            "on",
            "Whether the order of `ssl_ciphers` counts, and not that of clients, for `ssl_cipher_suite = custom`.",
        ),
        Setting(
            "ssl_dhparam",
            Kind.STRING,
            None,
            "Diffie-Hellman parameters of TLS 1.2: `ffdhe2048`, `ffdhe3072`, `ffdhe4096`, a file or PEM. Unset: "
            "`ffdhe2048`, and none with `ssl_cipher_suite = custom`.",
        ),
        Setting(
            "ssl_session_tickets",
            Kind.NGX_BOOLEAN,
            "on",
            "Whether clients keep their sessions in tickets, which every worker can read; off: in the memory of the "
            "worker that they met.",
        ),
        ignored("ssl_session_timeout", Kind.STRING, "1d", "Life of a session.", "sessions live for two hours"),
        ignored("ssl_session_cache_size", Kind.SIZE, "10m", "Size of the session cache.", _CACHE),
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
        Setting(
            "client_ssl",
            Kind.BOOLEAN,
            "off",
            "Present `client_ssl_cert` to upstreams of services without a client certificate of their own.",
            roles=SERVING,
        ),
        Setting(
            "client_ssl_cert", Kind.CERTIFICATE, None, "Certificate presented to upstreams by default.", roles=SERVING
        ),
        Setting("client_ssl_cert_key", Kind.CERTIFICATE, None, "Key of `client_ssl_cert`.", roles=SERVING, secret=True),
        Setting(
            "nginx_proxy_proxy_ssl_verify",
            Kind.NGX_BOOLEAN,
            "off",
            "Whether certificates of upstreams are verified for services that do not say so (`tls_verify`).",
            roles=SERVING,
        ),
        Setting(
            "nginx_proxy_proxy_ssl_verify_depth",
            Kind.INTEGER,
            "1",
            "Most intermediate certificates of an upstream, for services that do not say so (`tls_verify_depth`).",
            minimum=0,
            roles=SERVING,
        ),
        Setting(
            "nginx_proxy_proxy_ssl_trusted_certificate",
            Kind.CERTIFICATE,
            None,
            "Authorities that upstreams are verified against, for services without `ca_certificates`. Unset: those "
            "of `lua_ssl_trusted_certificate`.",
            roles=SERVING,
        ),
        Setting(
            "lua_ssl_trusted_certificate",
            Kind.ARRAY,
            "system",
            "Authorities that upstreams and PostgreSQL are verified against: files, PEM or base64 of PEM; `system` "
            "means those of the operating system.",
        ),
        ignored("lua_ssl_verify_depth", Kind.NUMBER, "1", "Longest chain of outgoing TLS.", "OpenSSL's limit is used"),
        ignored(
            "lua_ssl_protocols", Kind.STRING, "TLSv1.2 TLSv1.3", "Versions of outgoing TLS.", "TLS 1.2 and 1.3 are used"
        ),
    ),
)
