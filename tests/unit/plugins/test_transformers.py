"""request-transformer and response-transformer: plugins-transform-observe.md 10.1, 10.2, 17.11, 17.12."""

import pytest

from tests.tools.plugins import changed, created, errors_of

REQUEST, RESPONSE = "request-transformer", "response-transformer"
WRITES = ("replace", "add", "append")


def refused(name, action, part, *entries):
    """The errors of the entries of one list; None when they are accepted."""
    config = errors_of(name, {action: {part: list(entries)}}).get("config", {})
    return config.get(action, {}).get(part)


def test_request_defaults():
    lists = {"body": [], "headers": [], "querystring": []}
    assert created(REQUEST)["config"] == {
        "http_method": None,
        "remove": lists,
        "rename": lists,
        "replace": lists | {"uri": None},
        "add": lists,
        "append": lists,
    }


def test_response_defaults():
    named, written = {"json": [], "headers": []}, {"json": [], "json_types": [], "headers": []}
    assert created(RESPONSE)["config"] == {
        "remove": named,
        "rename": named,
        "replace": written,
        "add": written,
        "append": written,
    }


@pytest.mark.parametrize("method", ["HELLO", "GET"])
def test_methods(method):
    assert created(REQUEST, {"http_method": method})["config"]["http_method"] == method


@pytest.mark.parametrize("method", ["HELLO!", "get", "Get", "G ET"])
def test_methods_in_other_letters(method):
    assert errors_of(REQUEST, {"http_method": method}) == {"config": {"http_method": f"invalid value: {method}"}}


@pytest.mark.parametrize("part", ["body", "querystring"])
@pytest.mark.parametrize("action", ["rename", *WRITES])
def test_names_and_templates(action, part):
    good = ("a:b", "a:b:c", "a::b", "a:$(headers.x or 'none')", "a:x$(uri_captures[1])y$(query_params['q'])")
    assert refused(REQUEST, action, part, *good) is None
    assert refused(REQUEST, action, part, "only_name") == ["key 'only_name' has no value"]
    assert refused(REQUEST, action, part, "a:b", "name:") == [None, "key 'name' has no value"]
    assert refused(REQUEST, action, part, ":") == ["key '' has no value"]
    [text] = refused(REQUEST, action, part, "a:$(foo bar)")
    assert text == "value '$(foo bar)' is not in supported format, error:'<eof>' expected near 'bar'"


@pytest.mark.parametrize("part", ["body", "headers", "querystring"])
def test_what_is_removed_needs_no_colon(part):
    assert refused(REQUEST, "remove", part, "a", "b:c", "d:$(") is None


@pytest.mark.parametrize("name", [REQUEST, RESPONSE])
def test_headers(name):
    assert refused(name, "remove", "headers", "x-a", "x_b:1") is None
    assert refused(name, "remove", "headers", "x a", "x-a", "é:1") == [
        "'x a' is not a valid header",
        None,
        "'é' is not a valid header",
    ]
    assert refused(name, "rename", "headers", "x-a:x-b", "x-a::x-b") is None
    assert refused(name, "rename", "headers", "x-a") == ["invalid value: x-a"]
    assert refused(name, "rename", "headers", "x a:x-b", "x-a:x b", "x-a:") == [
        "'x a' is not a valid header",
        "'x b' is not a valid header",
        "'' is not a valid header",
    ]
    for action in WRITES:
        assert refused(name, action, "headers", "x-a:", "x-a:any thing$(", "x-a:b:c") is None
        assert refused(name, action, "headers", "x-a") == ["invalid value: x-a"]
        assert refused(name, action, "headers", ":x") == ["invalid value: :x"]
        assert refused(name, action, "headers", "x a:1") == ["'x a' is not a valid header"]


@pytest.mark.parametrize("action", ["rename", *WRITES])
def test_json_of_responses(action):
    assert refused(RESPONSE, action, "json", "a:b", "a.b[*].c:d:e") is None
    assert refused(RESPONSE, action, "json", "a:b", "a") == [None, "invalid value: a"]


def test_what_is_removed_from_json_needs_no_colon():
    assert refused(RESPONSE, "remove", "json", "a", "b:c") is None


@pytest.mark.parametrize("action", WRITES)
def test_json_types(action):
    assert refused(RESPONSE, action, "json_types", "boolean", "number", "string") is None
    assert refused(RESPONSE, action, "json_types", "string", "table") == [
        None,
        "expected one of: boolean, number, string",
    ]


@pytest.mark.parametrize("name", [REQUEST, RESPONSE])
def test_lists_may_not_be_null(name):
    for action, lists in created(name)["config"].items():
        for part in lists or ():
            if part != "uri":
                error = errors_of(name, {action: {part: None}})
                assert error == {"config": {action: {part: "required field missing"}}}


def test_wrong_types():
    assert errors_of(REQUEST, {"add": {"headers": "a:b", "body": [1]}, "remove": []}) == {
        "config": {
            "add": {"headers": "expected an array", "body": ["expected a string"]},
            "remove": "expected a record",
        }
    }
    assert refused(REQUEST, "add", "headers", "") == ["length must be at least 1"]


def test_a_patch_of_one_list_keeps_the_others():
    old = created(REQUEST, {"add": {"headers": ["x-a:1"], "querystring": ["q:1"]}, "replace": {"uri": "/$(shared.x)"}})
    new = changed(old, {"add": {"headers": []}})["config"]
    assert new["add"] == {"headers": [], "querystring": ["q:1"], "body": []}
    assert new["replace"]["uri"] == "/$(shared.x)"
