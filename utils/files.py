"""Names of files as people get them."""

from __future__ import annotations

import re

LONGEST = 60
_UNFIT = re.compile(r"[^\w.-]+")


def file_name(title: str) -> str:
    """The title as a part of a file's name: letters and digits of any script, `_` between."""
    return _UNFIT.sub("_", title).strip("._")[:LONGEST] or "avito"
