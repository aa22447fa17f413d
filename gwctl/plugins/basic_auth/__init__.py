"""basic-auth: consumers known by user name and password."""
