"""Pages by their paths: files of this room, files of installed packages, documents made on demand.

Every `NAME.html` in `static/` is served at `/NAME` (`index.html` at `/`), every other file there at
`/_tradepit/web/NAME`. Pages name each other by relative addresses, so that they stay in the world
they were opened in (`/@name/…`). They keep to a strict content security policy: no script and no
style inside the page, nothing from elsewhere, and no other page may frame them. No page holds a
secret: a script asks the public interfaces for what it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tradepit.gateways.answers import Page

if TYPE_CHECKING:
    from tradepit.gateways.checks import Call

ASSETS: Final = "/_tradepit/web/"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
    "yaml": "application/yaml",
    "zip": "application/zip",
    "pem": "application/x-pem-file",
}


Maker = Callable[[str], bytes]
"""Makes a page's body of the request's query string ("" when there is none)."""


class Entry(NamedTuple):
    """What is known of a page before it is asked for."""

    make: Maker
    kind: str
    policy: str


Finder = Callable[["Call"], Callable[[], bytes] | None]
"""What makes the body that a call below its folder asks for, None when there is none such."""


class Pages:
    """What is served to people, by path.

    A body is made at the first request and kept; what a query string changes is not, nor what
    lies in a folder.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, Entry] = {}
        self._folders: dict[bytes, tuple[Finder, Entry]] = {}
        self._bodies: dict[bytes, bytes] = {}
        for file in resources.files(__package__).joinpath("static").iterdir():
            self.add_file(_path_of(file.name), file)

    def add(self, path: str, make: Maker, kind: str, policy: str = POLICY) -> None:
        """Serve what `make` makes at `path`. kind: a key of `KINDS`. policy: the page's content
        security policy."""
        self._entries[path.encode()] = Entry(make, KINDS[kind], policy)

    def add_file(self, path: str, file: Traversable) -> None:
        """Serve a file that is there as long as the program runs."""
        kind = file.name.rpartition(".")[2]
        self.add(path, lambda query: file.read_bytes(), kind)

    def add_folder(self, path: str, finder: Finder, kind: str) -> None:
        """Serve what `finder` finds below `path`, which ends with a slash."""
        entry = Entry(lambda query: b"", KINDS[kind], POLICY)
        self._folders[path.encode()] = (finder, entry)

    def add_package_file(self, package: str, name: str) -> None:
        """Serve the file `name` (a path below an installed package) at `ASSETS` + its last part."""
        spec = find_spec(package)  # the package itself stays unloaded
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError(f"{package} is not installed", name=package)
        file = Path(spec.submodule_search_locations[0], *name.split("/"))
        self.add_file(ASSETS + file.name, file)

    def find(self, call: Call) -> Page | Callable[[], Page] | None:
        """The page that a call asks for: at hand, or to be made off the event loop; None for a
        call of anything else."""
        if call.method not in (b"GET", b"HEAD") or call.venue.paths is not None:
            return None
        entry = self._entries.get(call.path)
        if entry is None:
            return self._find_below(call)
        body = None if call.query else self._bodies.get(call.path)
        return partial(self._make, call, entry) if body is None else _page(body, entry)

    def _find_below(self, call: Call) -> Callable[[], Page] | None:
        folder, slash, _ = call.path.rpartition(b"/")
        known = self._folders.get(folder + slash)
        if known is None:
            return None
        finder, entry = known
        make = finder(call)
        return None if make is None else lambda: _page(make(), entry)

    def _make(self, call: Call, entry: Entry) -> Page:
        body = entry.make(call.query.decode(errors="replace"))
        if not call.query:
            self._bodies[call.path] = body
        return _page(body, entry)


def _path_of(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if kind != "html":
        return ASSETS + name
    return "/" if stem == "index" else f"/{stem}"


def _page(body: bytes, entry: Entry) -> Page:
    page = Page(200, body, entry.kind.encode())
    page.headers = (
        f"Content-Security-Policy: {entry.policy}\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Cross-Origin-Opener-Policy: same-origin\r\n"
        "Cache-Control: no-cache\r\n"
    ).encode()
    return page
