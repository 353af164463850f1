"""No link of the documentation leads nowhere, and every page can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import PAGES, ROOT, prose, text_of

LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
START = "README.md"


def anchors(page: str) -> set[str]:
    """What can stand behind `#`: made of the headings as code hosts make it."""
    found: set[str] = set()
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.+?)\s*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        name, times = slug, 0
        while name in found:
            times += 1
            name = f"{slug}-{times}"
        found.add(name)
    return found


def links(page: str) -> list[tuple[str, str]]:
    """(path below the clone, anchor) of every link that stays in the clone."""
    found = []
    for one, other in LINK.findall(prose(page)):
        target, _, anchor = (one or other).partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        found.append((str(path.resolve().relative_to(ROOT.resolve())), anchor))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target, anchor in links(page):
        assert (ROOT / target).exists(), f"{page}: {target}"
        if anchor:
            assert Path(target).suffix == ".md", f"{page}: {target}#{anchor}"
            assert anchor in anchors(target), f"{page}: {target}#{anchor}"


def test_every_page_is_found_from_the_first() -> None:
    found, ahead = {START}, [START]
    while ahead:
        for target, _ in links(ahead.pop()):
            if target.endswith(".md") and target not in found:
                found.add(target)
                ahead.append(target)
    pages = {page for page in PAGES if not page.startswith("docs/decisions/")}
    assert pages <= found, sorted(pages - found)
