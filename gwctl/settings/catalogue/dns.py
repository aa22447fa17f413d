"""Name resolution."""

from gwctl.settings.declaration import SERVING, Kind, Setting, Topic, ignored


def _number(name: str, default: str | None, help: str, minimum: float = 0) -> Setting:
    return Setting(name, Kind.NUMBER, default, help, roles=SERVING, minimum=minimum)


def _words(name: str, default: str | None, help: str) -> Setting:
    return Setting(name, Kind.ARRAY, default, help, roles=SERVING)


def _file(name: str, help: str) -> Setting:
    return Setting(name, Kind.PATH, "/etc/hosts", help, roles=SERVING)


DNS = Topic(
    "DNS",
    (
        _words("dns_resolver", None, "Name servers as `ip[:port]`; without, those of /etc/resolv.conf."),
        _file("dns_hostsfile", "Hosts file, read when a worker starts; its names are never looked up."),
        _words(
            "dns_order",
            "LAST,SRV,A,AAAA,CNAME",
            "Order in which record types are asked for until one has an answer; LAST is the one that had it before. "
            "Aliases are always followed.",
        ),
        _number("dns_valid_ttl", None, "Seconds that replace the lifetime of answers."),
        _number(
            "dns_stale_ttl",
            "3600",
            "Seconds that an expired answer is used on while a fresh one is fetched, or while no server can tell.",
        ),
        _number("dns_cache_size", "10000", "Names that a worker remembers.", minimum=1),
        _number("dns_not_found_ttl", "30", "Seconds that the absence of a name is remembered."),
        _number("dns_error_ttl", "1", "Seconds that a failed look-up is remembered."),
        ignored("dns_no_sync", Kind.BOOLEAN, "off", "Ask for each request.", "equal look-ups always share one"),
        Setting(
            "new_dns_client",
            Kind.BOOLEAN,
            "off",
            "Take the settings called `resolver_...` instead of `dns_...`, and ask for SRV records only for names like "
            "`_service._proto.name`.",
            roles=SERVING,
        ),
        _words("resolver_address", None, "With `new_dns_client`: name servers as `ip[:port]`."),
        _file("resolver_hosts_file", "With `new_dns_client`: the hosts file."),
        _words("resolver_family", "A,SRV", "With `new_dns_client`: the record types that are asked for."),
        _number("resolver_valid_ttl", None, "With `new_dns_client`: seconds that replace the lifetime of answers."),
        _number("resolver_error_ttl", "1", "With `new_dns_client`: seconds that absences and failures are remembered."),
        _number("resolver_stale_ttl", "3600", "With `new_dns_client`: seconds that an expired answer is used on."),
        _number("resolver_lru_cache_size", "10000", "With `new_dns_client`: names that a worker remembers.", minimum=1),
        ignored("resolver_mem_cache_size", Kind.SIZE, "5m", "Its shared cache.", "each worker has its own cache"),
    ),
)
