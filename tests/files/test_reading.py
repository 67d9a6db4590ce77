"""JSON and TOML through their doors: what nobody writes is refused in a line, before it costs much."""

import pytest

from ganatomy.errors import InputError
from ganatomy.files import Count, Line, Stem, Table, parse_json, parse_toml, printable

DEEP = 100_000


class Card(Table):
    name: Line
    file: Stem = "a"
    sizes: tuple[Count, ...] = ()
    share: float | None = None


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[] []", "'a'", b"\xff\xfe", b'"\xed\xa0\x80"', b"[1]\0"),
        *("[NaN]", "[-Infinity]", "[1e999]", f"[{'9' * 26}]", f"[{'9' * 5000}]"),
        *(r'"\ud800"', r'{"\udfff": 1}', '{"a": 1, "a": 2}'),
        *("[" * DEEP, "[" * DEEP + "]" * DEEP, "[" * 200 + "]" * 200, '{"a":' * 200 + "1" + "}" * 200),
        f"[{'[],' * 5_000_000}1]",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_json_that_nobody_writes_is_refused_in_a_line(content):
    assert refusal(parse_json, content, "card.json").startswith("card.json")


@pytest.mark.parametrize(
    "content",
    [
        *("a = ", b"\xff", "a = 2020-01-01", "a = [{b = 01:02:03}]", f"a = {'9' * 5000}"),
        *("a = " + "[" * DEEP, "a" + ".a" * DEEP + " = 1", f"[{'a . ' * 600}a]", f"x = {{a{'.a' * 200} = 1}}"),
        "# a comment\n" * DEEP,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_toml_that_nobody_writes_is_refused_in_a_line(content):
    assert refusal(parse_toml, content, "mine.toml").startswith("mine.toml")


def refusal(read, *arguments):
    """The one line with which something is refused."""
    with pytest.raises(InputError) as refused:
        read(*arguments)
    assert str(refused.value) == printable(refused.value, 400)
    return str(refused.value)


def test_a_door_takes_what_it_says_and_shows_it_in_a_line():
    card = parse_json(b'\xef\xbb\xbf{"name": "a\\u001b]0;b\\nc", "sizes": [1, 2], "share": 1, "more": {}}', "c", Card)
    assert card == Card(name="a ]0;b c", sizes=(1, 2), share=1.0)
    assert len(parse_json(f'{{"name": "{"a" * 9000}"}}', "c", Card).name) == 4000


@pytest.mark.parametrize(
    "content",
    [
        *("[]", "5", "null", "{}", '{"name": 5}', '{"name": null}'),
        *('{"name": "a", "sizes": [-1]}', '{"name": "a", "sizes": [true]}', '{"name": "a", "sizes": [1e30]}'),
        *('{"name": "a", "sizes": {"0": 1}}', '{"name": "a", "share": "1"}', '{"name": "a", "share": true}'),
        *(f'{{"name": "a", "file": "{name}"}}' for name in ("", "..", "../b", "/b", "nul", "a:b", "中" * 99)),
    ],
)
def test_a_door_refuses_anything_else_in_a_line(content):
    assert refusal(parse_json, content, "card.json", Card).startswith("card.json: ")
