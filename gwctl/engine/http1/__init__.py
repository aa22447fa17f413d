"""HTTP/1 codecs: bytes in, heads and bodies out. Sans-IO; the only package that knows h11."""
