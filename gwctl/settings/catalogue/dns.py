"""Name resolution."""

from gwctl.settings.declaration import Kind, Topic, ignored

_SYSTEM = "names are resolved by the operating system"

DNS = Topic(
    "DNS",
    (
        ignored("dns_resolver", Kind.ARRAY, None, "Name servers.", _SYSTEM),
        ignored("dns_hostsfile", Kind.PATH, "/etc/hosts", "Hosts file.", _SYSTEM),
        ignored("dns_order", Kind.ARRAY, "LAST,SRV,A,CNAME", "Order of record types.", _SYSTEM),
        ignored("dns_valid_ttl", Kind.NUMBER, None, "Seconds that replace the lifetime of an answer.", _SYSTEM),
        ignored("dns_stale_ttl", Kind.NUMBER, "3600", "Seconds that an expired answer may be used.", _SYSTEM),
        ignored("dns_cache_size", Kind.NUMBER, "10000", "Answers kept.", _SYSTEM),
        ignored("dns_not_found_ttl", Kind.NUMBER, "30", "Life of an absence.", _SYSTEM),
        ignored("dns_error_ttl", Kind.NUMBER, "1", "Life of a failure.", _SYSTEM),
        ignored("dns_no_sync", Kind.BOOLEAN, "off", "Ask for each request.", _SYSTEM),
        ignored("new_dns_client", Kind.BOOLEAN, "off", "The reference's second resolver.", _SYSTEM),
        ignored("resolver_address", Kind.ARRAY, None, "Its name servers.", _SYSTEM),
        ignored("resolver_hosts_file", Kind.PATH, "/etc/hosts", "Its hosts file.", _SYSTEM),
        ignored("resolver_family", Kind.ARRAY, "A,SRV", "Its record types.", _SYSTEM),
        ignored("resolver_valid_ttl", Kind.NUMBER, None, "Its lifetime of answers.", _SYSTEM),
        ignored("resolver_error_ttl", Kind.NUMBER, "1", "Its life of a failure.", _SYSTEM),
        ignored("resolver_stale_ttl", Kind.NUMBER, "3600", "Its life of an expired answer.", _SYSTEM),
        ignored("resolver_lru_cache_size", Kind.NUMBER, "10000", "Its answers kept per worker.", _SYSTEM),
        ignored("resolver_mem_cache_size", Kind.SIZE, "5m", "Its shared cache.", _SYSTEM),
    ),
)
