"""MarkdownV2 and HTML are read, and refused, as the real server does."""

from typing import Any

import pytest

from sandbox.telegram.entities import EntityParseError, trimmed, typed_by_person, utf16_length
from sandbox.telegram.markdown import parse_markdown_v2
from sandbox.telegram.markup_html import parse_html


def brief(entities: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(e["type"], e["offset"], e["length"]) for e in entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("*bold* _it_", "bold it", [("bold", 0, 4), ("italic", 5, 2)]),
        ("__under__ ~gone~", "under gone", [("underline", 0, 5), ("strikethrough", 6, 4)]),
        ("||hidden||", "hidden", [("spoiler", 0, 6)]),
        ("*a _b_*", "a b", [("bold", 0, 3), ("italic", 2, 1)]),
        ("`a.b!`", "a.b!", [("code", 0, 4)]),
        ("```python\nx = 1```", "x = 1", [("pre", 0, 5)]),
        ("1 234,56 ₽ \\- ok\\.", "1 234,56 ₽ - ok.", []),
        ("😀 *жир*", "😀 жир", [("bold", 3, 3)]),
        (">one\n>two\nthree", "one\ntwo\nthree", [("blockquote", 0, 8)]),
        ("**>one\n>two||", "one\ntwo", [("expandable_blockquote", 0, 7)]),
        ("**", "", []),
        ("\\_\\*", "_*", []),
    ],
)
def test_markdown_becomes_plain_text_and_entities(
    source: str, text: str, entities: list[tuple[Any, ...]]
) -> None:
    parsed = parse_markdown_v2(source)
    assert (parsed.text, brief(parsed.entities)) == (text, entities)


def test_links_of_markdown_keep_their_address() -> None:
    [link] = parse_markdown_v2("[see](https://avito.ru/a\\)b)").entities
    assert link == {"type": "text_link", "url": "https://avito.ru/a)b", "offset": 0, "length": 3}
    [person] = parse_markdown_v2("[Аня](tg://user?id=7)").entities
    assert person["user"] == {"id": 7}
    assert parse_markdown_v2("[x](nonsense)").entities == []


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a-b", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("a | b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("wow!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("ж *b", "Can't find end of Bold entity at byte offset 3"),
        ("_a", "Can't find end of Italic entity at byte offset 0"),
        ("`a", "Can't find end of Code entity at byte offset 0"),
        ("[a](http://b", "Can't find end of a URL at byte offset 4"),
        (">*a\nb*", "Can't find end of Bold entity at byte offset 1"),
    ],
)
def test_markdown_errors_have_the_words_of_the_server(source: str, error: str) -> None:
    with pytest.raises(EntityParseError) as refused:
        parse_markdown_v2(source)
    assert str(refused.value) == error


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>a</b> <i>b</i>", "a b", [("bold", 0, 1), ("italic", 2, 1)]),
        ("&lt;5 &amp; &#128512;", "<5 & 😀", []),
        ("&nbsp;x", "&nbsp;x", []),
        ('<a href="https://avito.ru/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
        ("<pre><code class='language-sql'>x</code></pre>", "x", [("pre", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
    ],
)
def test_html_becomes_plain_text_and_entities(
    source: str, text: str, entities: list[tuple[Any, ...]]
) -> None:
    parsed = parse_html(source)
    assert (parsed.text, brief(parsed.entities)) == (text, entities)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("ж < b", 'Unsupported start tag "" at byte offset 3'),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ('<a href="x"', 'Unclosed start tag "a" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ],
)
def test_html_errors_have_the_words_of_the_server(source: str, error: str) -> None:
    with pytest.raises(EntityParseError) as refused:
        parse_html(source)
    assert str(refused.value) == error


def test_lengths_are_counted_in_utf16_units() -> None:
    assert utf16_length("жa") == 2
    assert utf16_length("😀") == 2


def test_white_space_around_goes_and_entities_move_with_it() -> None:
    moved = trimmed("  \nab  ", [{"type": "bold", "offset": 0, "length": 7}])
    assert (moved.text, brief(moved.entities)) == ("ab", [("bold", 0, 2)])


def test_carriage_returns_vanish_and_entities_move_with_them() -> None:
    parsed = parse_markdown_v2("a _\rкурсив_\r *b*")
    seen = trimmed(parsed.text, parsed.entities)
    assert seen.text == "a курсив b"
    assert brief(seen.entities) == [("italic", 2, 6), ("bold", 9, 1)]


def test_commands_mentions_and_links_are_found_in_typed_text() -> None:
    typed = typed_by_person("/stats@avito_bot 😀 @alice a@b.ru https://avito.ru/x?y=1. 1/2")
    found = [(kind, length) for kind, _, length in brief(typed.entities)]
    assert found == [("bot_command", 16), ("mention", 6), ("email", 6), ("url", 22)]
