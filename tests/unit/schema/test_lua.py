import pytest

from gwctl.schema.lua import compact, pretty


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"id": "x"}, '{id="x"}'),
        (
            {"route": None, "consumer": None, "name": "a", "service": {"id": "1"}},
            '{consumer=null,name="a",route=null,service={id="1"}}',
        ),
        (["a", "b"], '{"a","b"}'),
        ([None, "b"], '{[2]="b"}'),
        (["a", None, "c"], '{"a",[3]="c"}'),
        ({"n": 1, "f": 1.5, "w": 2.0, "t": True}, "{f=1.5,n=1,t=true,w=2}"),
        ({"@entity": ["x"], "a-b": 1, "end": 2}, '{["@entity"]={"x"},["a-b"]=1,["end"]=2}'),
        ('say "x\\y"\n', '"say \\"x\\\\y\\"\\\n"'),
        ({}, "{}"),
    ],
)
def test_compact(value, text):
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"port": "expected an integer"}, '{\n  port = "expected an integer"\n}'),
        ({"a": {"b": "x"}, "c": ["y"]}, '{\n  a = {\n    b = "x"\n  },\n  c = {\n    "y"\n  }\n}'),
        ([None, "b"], '{\n  [2] = "b"\n}'),
        ("x", '"x"'),
    ],
)
def test_pretty(value, text):
    assert pretty(value) == text
