"""The HTML of the Bot API as the real server reads it, with its errors."""

import re
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.entities import (
    EntityParseError,
    Formatted,
    byte_offset,
    link_entity,
    utf16_length,
)

Json = dict[str, Any]

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_CHARACTER = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    out_index: int
    offset: int


def parse_html(source: str) -> Formatted:
    """Plain text and entities. Raises EntityParseError as the server would."""
    parser = _Parser(source)
    parser.run()
    entities = sorted(parser.entities, key=lambda e: (e["offset"], -e["length"]))
    return Formatted("".join(parser.out), entities)


def _decoded(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if 0xD800 <= code <= 0xDFFF:
        raise EntityParseError(
            "Text contains invalid Unicode characters after decoding HTML entities,"
            " check for unmatched surrogate code units"
        )
    return chr(code) if 0 < code < 0x110000 else match.group()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.pos = 0
        self.out: list[str] = []
        self.offset = 0
        self.stack: list[_Open] = []
        self.entities: list[Json] = []

    def run(self) -> None:
        while self.pos < len(self.source):
            if self._peek() == "<":
                self._tag()
            elif self._peek() == "&" and (match := _CHARACTER.match(self.source, self.pos)):
                self._emit(_decoded(match))
                self.pos = match.end()
            else:
                self._emit(self._peek())
                self.pos += 1
        if self.stack:
            tag = self.stack[-1].tag
            raise EntityParseError(f'Can\'t find end tag corresponding to start tag "{tag}"')

    def _peek(self) -> str:
        return self.source[self.pos : self.pos + 1]

    def _emit(self, text: str) -> None:
        self.out.append(text)
        self.offset += utf16_length(text)

    def _fail(self, words: str, index: int, tail: str = "") -> EntityParseError:
        return EntityParseError(f"{words} at byte offset {byte_offset(self.source, index)}{tail}")

    def _tag(self) -> None:
        begin = self.pos
        self.pos += 1
        if self._peek() == "/":
            self.pos += 1
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        tag = self._until(" \t\r\n>").lower()
        if not self._peek():
            raise self._fail("Unclosed start tag", begin)
        if tag not in _KINDS:
            raise self._fail(f'Unsupported start tag "{tag}"', begin)
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise self._fail('Tag "span" must have class "tg-spoiler"', begin)
        self.stack.append(_Open(tag, _argument(tag, attributes), len(self.out), self.offset))

    def _until(self, stops: str) -> str:
        begin = self.pos
        while self._peek() and self._peek() not in stops:
            self.pos += 1
        return self.source[begin : self.pos]

    def _skip_spaces(self) -> None:
        while self._peek() and self._peek().isspace():
            self.pos += 1

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                self.pos += 1
                return attributes
            if not self._peek():
                raise self._fail(f'Unclosed start tag "{tag}"', begin)
            name = self._until(" \t\r\n=>").lower()
            if not name:
                raise self._fail(f'Empty attribute name in the tag "{tag}"', begin)
            self._skip_spaces()
            attributes[name] = self._value(tag, name, begin)

    def _value(self, tag: str, name: str, begin: int) -> str:
        if self._peek() != "=":
            if (tag, name) == ("blockquote", "expandable"):
                return ""
            words = f'Expected equal sign in declaration of an attribute of the tag "{tag}"'
            raise self._fail(words, begin)
        self.pos += 1
        self._skip_spaces()
        quote = self._peek()
        if not quote:
            raise self._fail(f'Unclosed start tag "{tag}"', begin)
        if quote not in "'\"":
            return self._bare_value()
        self.pos += 1
        value = self._until(quote)
        if not self._peek():
            raise self._fail("Unclosed start tag", begin)
        self.pos += 1
        return _CHARACTER.sub(_decoded, value)

    def _bare_value(self) -> str:
        begin = self.pos
        match = re.compile(r"[A-Za-z0-9.-]*").match(self.source, self.pos)
        value = match.group() if match else ""
        self.pos += len(value)
        if self._peek() != ">" and not self._peek().isspace():
            raise self._fail("Unexpected end of name token", begin)
        return value

    def _end_tag(self, begin: int) -> None:
        if not self.stack:
            raise self._fail("Unexpected end tag", begin)
        tag = self._until(" \t\r\n>").lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise self._fail("Unclosed end tag", begin)
        self.pos += 1
        entry = self.stack.pop()
        if tag not in ("", entry.tag):
            tail = f', expected "</{entry.tag}>", found "</{tag}>"'
            raise self._fail("Unmatched end tag", begin, tail)
        self._record(entry)

    def _record(self, entry: _Open) -> None:
        length = self.offset - entry.offset
        details = self._details(entry)
        if length and details is not None:
            self.entities.append({"offset": entry.offset, "length": length} | details)

    def _details(self, entry: _Open) -> Json | None:
        kind = _KINDS[entry.tag]
        if entry.tag == "a":
            return link_entity(entry.argument or "".join(self.out[entry.out_index :]))
        if entry.tag == "tg-emoji":
            if not entry.argument.isdigit():
                raise EntityParseError("Invalid custom emoji identifier specified")
            return {"type": kind, "custom_emoji_id": entry.argument}
        if entry.tag == "blockquote" and entry.argument:
            return {"type": "expandable_blockquote"}
        if entry.tag == "code" and self.stack and self.stack[-1].tag == "pre":
            # <pre><code class="language-x"> is one entity: the outer tag's.
            self.stack[-1].argument = entry.argument
            return None
        if entry.tag == "pre" and entry.argument:
            return {"type": kind, "language": entry.argument}
        return {"type": kind}


def _argument(tag: str, attributes: dict[str, str]) -> str:
    if tag == "blockquote":
        return "expandable" if "expandable" in attributes else ""
    if tag == "code":
        _, _, language = attributes.get("class", "").partition("language-")
        return language
    return attributes.get({"a": "href", "tg-emoji": "emoji-id"}.get(tag, ""), "")
