"""Where Avito's official files are, if they are beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def shared_folder() -> Path:
    return Path(os.environ.get("AVITO_SHARED_DIR", _REPOSITORY.parent / "shared"))
