"""MarkdownV2 as the real server reads it, with its errors."""

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

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_MARKERS = (
    ("__", "underline"),
    ("||", "spoiler"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
    ("![", "custom_emoji"),
    ("[", "text_link"),
    ("```", "pre"),
    ("`", "code"),
)
_CLOSERS = {kind: marker for marker, kind in _MARKERS} | {"text_link": "]", "custom_emoji": "]"}
# As the server names them in its errors.
_NAMES = {
    "underline": "Underline",
    "spoiler": "Spoiler",
    "italic": "Italic",
    "bold": "Bold",
    "strikethrough": "Strikethrough",
    "custom_emoji": "CustomEmoji",
    "text_link": "TextUrl",
    "pre": "Pre",
    "code": "Code",
    "blockquote": "BlockQuote",
}


@dataclass(slots=True)
class _Open:
    kind: str
    source_index: int
    out_index: int
    offset: int
    language: str = ""
    is_expandable: bool = False


def parse_markdown_v2(source: str) -> Formatted:
    """Plain text and entities. Raises EntityParseError as the server would."""
    parser = _Parser(source)
    parser.run()
    entities = sorted(parser.entities, key=lambda e: (e["offset"], -e["length"]))
    return Formatted("".join(parser.out), entities)


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
            self._step()
        if self.stack and self.stack[-1].kind == "blockquote":
            self._record(self.stack.pop())
        if self.stack:
            raise self._unclosed()

    def _step(self) -> None:
        char = self.source[self.pos]
        if char == "\\" and self._escapes(self.pos + 1):
            self._emit(self.source[self.pos + 1])
            self.pos += 2
        elif char not in self._reserved():
            self._emit(char)
            self.pos += 1
        elif char == "\n":
            self._line_end()
        elif self._at_closer():
            self._close(self.stack.pop())
        else:
            self._open()

    def _escapes(self, index: int) -> bool:
        return index < len(self.source) and 0 < ord(self.source[index]) <= 126

    def _reserved(self) -> frozenset[str]:
        inside_code = bool(self.stack) and self.stack[-1].kind in ("pre", "code")
        return frozenset("`") if inside_code else _RESERVED

    def _starts(self, marker: str) -> bool:
        return self.source.startswith(marker, self.pos)

    def _emit(self, char: str) -> None:
        self.out.append(char)
        self.offset += utf16_length(char)

    def _at_closer(self) -> bool:
        if not self.stack or self.stack[-1].kind == "blockquote":
            return False
        kind = self.stack[-1].kind
        if kind == "italic" and self._starts("__"):
            return False
        return self._starts(_CLOSERS[kind])

    # A quote ends with the last line that begins with ">".
    def _line_end(self) -> None:
        self.pos += 1
        self._emit("\n")
        quoting = any(entry.kind == "blockquote" for entry in self.stack)
        if self._starts(">"):
            self.pos += 1
            if not quoting:
                self._push("blockquote", self.pos - 1)
        elif quoting:
            if self.stack[-1].kind != "blockquote":
                raise self._unclosed()
            self._record(self.stack.pop())

    def _open(self) -> None:
        at = self.pos
        if self._starts(">") and at == 0:
            self.pos += 1
            self._push("blockquote", at)
        elif self._starts("**>") and self.source[max(at - 1, 0) : at] in ("", "\n"):
            self.pos += 3
            self._push("blockquote", at)
        elif self._starts("||") and self._at_quote_end(at + 2):
            self.pos += 2
            self.stack[-1].is_expandable = True
        else:
            self._open_marker(at)

    def _at_quote_end(self, index: int) -> bool:
        quoting = bool(self.stack) and self.stack[-1].kind == "blockquote"
        rest = self.source[index : index + 2]
        return quoting and (rest == "" or (rest[0] == "\n" and rest != "\n>"))

    def _open_marker(self, at: int) -> None:
        for marker, kind in _MARKERS:
            if self._starts("```") and kind == "code":
                continue
            if self._starts(marker):
                self.pos += len(marker)
                self._push(kind, at)
                if kind == "pre":
                    self.stack[-1].language = self._language()
                return
        raise EntityParseError(
            f"Character '{self.source[at]}' is reserved and must be escaped"
            " with the preceding '\\'"
        )

    def _push(self, kind: str, source_index: int) -> None:
        self.stack.append(_Open(kind, source_index, len(self.out), self.offset))

    def _language(self) -> str:
        """The word after ``` when white space follows it; one line end is skipped."""
        end = self.pos
        while end < len(self.source) and not self.source[end].isspace():
            if self.source[end] == "`":
                end = self.pos
                break
            end += 1
        language = self.source[self.pos : end] if end < len(self.source) else ""
        self.pos += len(language)
        for line_end in ("\r\n", "\n\r", "\n", "\r"):
            if self._starts(line_end):
                self.pos += len(line_end)
                break
        return language

    def _close(self, entry: _Open) -> None:
        self.pos += len(_CLOSERS[entry.kind])
        if entry.kind == "text_link":
            url = (
                self._address("URL") if self._starts("(") else "".join(self.out[entry.out_index :])
            )
            link = link_entity(url)
            if link is not None:
                self._record(entry, **link)
        elif entry.kind == "custom_emoji":
            self._record(entry, custom_emoji_id=self._emoji_id())
        elif entry.language:
            self._record(entry, language=entry.language)
        else:
            self._record(entry)

    def _emoji_id(self) -> str:
        if not self._starts("("):
            raise EntityParseError("Custom emoji entity must contain a tg://emoji URL")
        prefix, _, emoji_id = self._address("custom emoji URL").partition("?id=")
        if prefix != "tg://emoji" or not emoji_id.isdigit():
            raise EntityParseError("Custom emoji URL must have an emoji identifier")
        return emoji_id

    def _address(self, what: str) -> str:
        begin = self.pos + 1
        self.pos = begin
        letters = []
        while self.pos < len(self.source) and self.source[self.pos] != ")":
            if self.source[self.pos] == "\\" and self._escapes(self.pos + 1):
                self.pos += 1
            letters.append(self.source[self.pos])
            self.pos += 1
        if self.pos >= len(self.source):
            offset = byte_offset(self.source, begin)
            raise EntityParseError(f"Can't find end of a {what} at byte offset {offset}")
        self.pos += 1
        return "".join(letters)

    def _record(self, entry: _Open, **details: Any) -> None:
        length = self.offset - entry.offset
        if not length:
            return
        kind = "expandable_blockquote" if entry.is_expandable else entry.kind
        entity = {"type": kind, "offset": entry.offset, "length": length} | details
        self.entities.append(entity)

    def _unclosed(self) -> EntityParseError:
        entry = self.stack[-1]
        name = "PreCode" if entry.language else _NAMES[entry.kind]
        offset = byte_offset(self.source, entry.source_index)
        return EntityParseError(f"Can't find end of {name} entity at byte offset {offset}")
