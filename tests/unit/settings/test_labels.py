from __future__ import annotations

import pytest

from gwctl.settings.labels import LabelError, parse_labels


@pytest.mark.parametrize(
    "text",
    [
        "deployment:mycloud",
        "region:us-east-1",
        "super_kong:yey",
        "best_gateway:kong",
        "Aa-._zZ_key:Aa-._zZ_val",
        "a:b:c",
    ],
)
def test_labels_that_may_be_used(text: str) -> None:
    key, _, value = text.partition(":")
    assert parse_labels([text]) == {key: value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("_must:start", "label key validation failed: _must is invalid. Must match pattern: "),
        ("and:.end", "label value validation failed: .end is invalid. Must match pattern: "),
        ("with-:alpha", "label key validation failed: with- is invalid. "),
        ("numeric:characters_", "label value validation failed: characters_ is invalid. "),
        ("kong_key:x", "label key validation failed: kong_key is invalid. "),
        ("KONG_key:x", "label key validation failed: KONG_key is invalid. "),
        ("invalid!@chars:fail", "label key validation failed: invalid!@chars is invalid. "),
        ("the:val!dation", "label value validation failed: val!dation is invalid. "),
        ("lonelykeywithnoval:", "label value validation failed:  must have between 1 and 63 characters"),
        ("key", "label key validation failed:  must have between 1 and 63 characters"),
        (f"{'k' * 64}:v", f"label key validation failed: {'k' * 64} must have between 1 and 63 characters"),
        (f"k:{'v' * 64}", f"label value validation failed: {'v' * 64} must have between 1 and 63 characters"),
        ("k:v\n", "label value validation failed: "),
        ("k:aäb", "label value validation failed: "),
    ],
)
def test_labels_that_may_not(text: str, message: str) -> None:
    with pytest.raises(LabelError) as caught:
        parse_labels([text])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("word", ["kong", "konnect", "insomnia", "mesh", "kic"])
def test_keys_of_others_are_reserved(word: str) -> None:
    with pytest.raises(LabelError):
        parse_labels([f"{word}x:v"])


def test_the_pattern_is_named() -> None:
    with pytest.raises(LabelError) as caught:
        parse_labels(["ok:-"])
    assert str(caught.value).endswith(r"Must match pattern: ^[a-z0-9]([\w\.:-]*[a-z0-9]|)$")


def test_at_most_ten() -> None:
    assert len(parse_labels([f"k{n}:v" for n in range(10)])) == 10
    with pytest.raises(LabelError) as caught:
        parse_labels([f"k{n}:v" for n in range(11)])
    assert str(caught.value) == "labels validation failed: count exceeded 10 max elements"
