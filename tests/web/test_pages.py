"""Pages: what is served, to whom, with which headers."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from tests.gateways.conftest import Server

from tradepit.web.pages import ASSETS, Pages

STATIC = [file.name for file in resources.files("tradepit.web").joinpath("static").iterdir()]
HTML = [name for name in STATIC if name.endswith(".html")]


def path_of(name: str) -> str:
    if not name.endswith(".html"):
        return ASSETS + name
    return "/" if name == "index.html" else "/" + name.removesuffix(".html")


@pytest.mark.parametrize("name", STATIC)
def test_every_file_is_served_with_its_kind_and_its_guards(server: Server, name: str) -> None:
    answer = server.request("GET", path_of(name))
    assert answer.status == 200
    kind = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg"}
    assert answer.headers["content-type"].startswith(kind[name.rpartition(".")[2]])
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
    assert answer.body == resources.files("tradepit.web").joinpath("static", name).read_bytes()


@pytest.mark.parametrize("name", HTML)
def test_pages_hold_no_script_and_nothing_from_elsewhere(server: Server, name: str) -> None:
    text = server.request("GET", path_of(name)).body.decode()
    assert re.search(r"<script(?![^>]*\ssrc=)", text) is None
    assert re.search(r"\son[a-z]+=|\sstyle=|<style", text) is None
    for address in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert not address.startswith(("http:", "https:", "/")), address  # stays in its world


@pytest.mark.parametrize("name", HTML)
def test_what_a_page_names_is_there(server: Server, name: str) -> None:
    text = server.request("GET", path_of(name)).body.decode()
    for address in re.findall(r'(?:src|href)="([^"#?]+)', text):
        assert server.request("GET", "/" + address.removeprefix("./")).status == 200, address


def test_a_page_opens_in_every_world_and_on_no_host_of_binance(server: Server) -> None:
    assert server.request("GET", "/@main/").body == server.request("GET", "/").body
    assert server.request("GET", "/", host="api.binance.com").status == 404
    assert server.request("GET", "/", host="evil.example").status == 403
    assert server.request("GET", "/", origin="http://evil.example").status == 403
    assert server.request("POST", "/").status == 404
    assert server.request("GET", ASSETS).status == 404
    assert server.request("GET", ASSETS + "..%2fpages.py").status == 404


def test_a_body_is_made_once_but_for_what_a_query_changes() -> None:
    asked = []

    def make(query: str) -> bytes:
        asked.append(query)
        return query.encode()

    pages = Pages()
    pages.add("/made", make, "json")
    for query in (b"", b"", b"a=1", b"a=1"):
        found = pages.find(call(b"/made", query))
        page = found() if callable(found) else found
        assert page is not None
        assert page.body == query
    assert asked == ["", "a=1", "a=1"]


def call(path: bytes, query: bytes):  # type: ignore[no-untyped-def]
    from tradepit.gateways.checks import Call

    return Call(b"GET", path + b"?" + query, {}, b"", "127.0.0.1")
