"""The documents say what the code says, and lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.commands import GROUP_MENU, PRIVATE_MENU
from core.config import Settings
from utils.metrics import USUAL

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _links(path: Path) -> Iterator[tuple[Path, str]]:
    """What the relative links of a document point to, as file and anchor."""
    for target in _LINK.findall(_FENCED.sub("", _text(path))):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            yield (path.parent / file if file else path), anchor


def _anchors(path: Path) -> set[str]:
    """The anchors GitHub makes of the headings."""
    headings = _HEADING.findall(_FENCED.sub("", _text(path)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for file, anchor in _links(document):
        assert file.exists(), f"{file} does not exist"
        assert not anchor or anchor in _anchors(file), f"{file} has no heading #{anchor}"


@pytest.mark.parametrize("document", ["docs/deploy.md", ".env.example"])
def test_every_setting_is_explained(document: str) -> None:
    text = _text(ROOT / document)
    for name in Settings.model_fields:
        assert re.search(rf"\b{name.upper()}\b", text), f"{name.upper()} is not in {document}"


def test_every_command_is_in_the_readme() -> None:
    readme = _text(ROOT / "README.md")
    for command in (*PRIVATE_MENU, *GROUP_MENU):
        assert f"`/{command.command}`" in readme


def test_the_readme_counts_the_metrics_of_a_report() -> None:
    assert f"{len(USUAL)} показателей" in _text(ROOT / "README.md")


def test_every_decision_is_in_the_list() -> None:
    listed = {file.name for file, _ in _links(ROOT / "docs/adr/README.md")}
    written = {path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    assert listed == written


def test_every_log_event_is_explained_and_no_other() -> None:
    called = re.compile(r"\blog\.(?:info|warning|error|exception)\(\s*\"([a-z_]+)\"")
    sources = [ROOT / "main.py", *(ROOT / "bot").rglob("*.py"), *(ROOT / "core").rglob("*.py")]
    events = {event for source in sources for event in called.findall(_text(source))}
    tables = _text(ROOT / "docs/operations.md").partition("## Logs")[2].partition("## Incident")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", tables, re.MULTILINE)
    explained = {event for cell in first_cells for event in re.findall(r"`([a-z_.]+)`", cell)}
    assert explained - {"avito.call"} == events
