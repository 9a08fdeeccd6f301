"""MarkdownV2 back to plain text, for the one case that Telegram refuses our markup."""

from __future__ import annotations

import re

_MARK = re.compile(r"\\(.)|(?:\[|\]\([^)]*\))|[*_~`|]")


def to_plain(markdown: str) -> str:
    """Drop unescaped marks and where links lead, unescape the rest."""
    return _MARK.sub(lambda match: match.group(1) or "", markdown)
