import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.uri import bad_triplet, normalize_path


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/", "/"),
        ("/plain", "/plain"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%20b", "/a b"),
        ("/%6aohn%20doe", "/john doe"),
        ("/a%25b", "/a%25b"),
        ("/%C3%B8", "/ø"),
        ("/a%ff", "/a\udcff"),
        ("/../x", "/x"),
        ("/..", "/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/b/../c", "/a/c"),
        ("/a/./b", "/a/b"),
        ("/%2E%2E/x", "/x"),
        ("/%2e/x", "/x"),
        ("/...", "/..."),
        ("/.a/..b", "/.a/..b"),
        ("//", "/"),
        ("/a///b//", "/a/b/"),
        ("/route./req", "/route./req"),
    ],
)
def test_normal_form(path, normal):
    assert normalize_path(path) == normal


@pytest.mark.parametrize("reserved", "!*'();:@&=+$,/?%#[]")
def test_triplets_of_reserved_characters_stay_with_upper_case_digits(reserved):
    assert normalize_path(f"/%{ord(reserved):02x}") == f"/%{ord(reserved):02X}"


segments = st.text("ab.%/ø~", max_size=20).map(lambda text: "/" + text.replace("%", "%2e"))


@given(segments)
def test_the_normal_form_is_normal(path):
    normal = normalize_path(path)
    assert normalize_path(normal) == normal
    assert normal.startswith("/")
    assert "//" not in normal
    assert not {".", ".."} & set(normal.split("/"))


@given(st.binary(max_size=12))
def test_any_bytes_survive(data):
    path = "/" + "".join(f"%{byte:02x}" for byte in data)
    assert isinstance(normalize_path(path), str)


@pytest.mark.parametrize(
    ("text", "found"),
    [("/a", None), ("/%20", None), ("/%2w", "%2w"), ("/%0X", "%0X"), ("/a%", "%"), ("/%ax/b", "%ax"), ("%20%a", "%a")],
)
def test_bad_triplets(text, found):
    assert bad_triplet(text) == found
