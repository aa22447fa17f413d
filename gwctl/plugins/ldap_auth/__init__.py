"""ldap-auth: users known to an LDAP directory."""
