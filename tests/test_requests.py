"""figsync never publishes, unpublishes or reserves a DOI: it has no such request.

What all other tests provoke is looked at as well, when the last one has ended.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import figsync
from tests import only_these
from tests.only_these import is_allowed
from tests.world import World

PACKAGE = Path(figsync.__file__).parent
SEGMENTS = {"account", "articles", "search", "files", "file", "download"}
METHODS = {"GET", "POST", "PUT", "DELETE"}


def client_sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module that knows the API, parsed."""
    for path in sorted((PACKAGE / "figshare").glob("*.py")):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def test_every_address_of_the_client_is_one_of_these():
    segments = {
        argument.value
        for _, tree in client_sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "url"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }

    assert segments == SEGMENTS


def test_the_client_sends_no_other_method():
    methods = {
        keyword.value.value
        for _, tree in client_sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "method" and isinstance(keyword.value, ast.Constant)
    }

    assert {"GET", "POST"} <= methods <= METHODS


def test_only_the_client_speaks_http():
    others = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if {"figshare", "sandbox"}.isdisjoint(path.relative_to(PACKAGE).parts[:1])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import)
        and any(name.name in ("requests", "urllib3", "httpx") for name in node.names)
        or isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] in ("urllib3", "http", "httpx")
    ]

    assert sorted(others) == [
        # The demo checks figsync's work by an eye of its own, which only reads.
        "commands/demo/compare.py",
        # Monitors of this machine are answered; nobody is asked.
        "daemon/metrics.py",
        "daemon/metrics.py",
        # A notice goes to the address that a person named for it.
        "daemon/ways.py",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/account/articles/1/publish",
        "/account/articles/1/unpublish",
        "/account/articles/1/reserve_doi",
        "/account/articles/1/reserve_handle",
        "/account/articles/1/embargo",
        "/account/articles/1/resource",
        "/account/articles/1/authors",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_such_a_request_would_be_noticed(method: str, path: str) -> None:
    assert not is_allowed("api", method, f"/v2{path}")


def test_every_world_of_the_suite_is_watched(tmp_path: Path) -> None:
    world = World(tmp_path)
    before = len(only_these.found)
    item = world.box.web.create_item("Public one")

    with requests.Session() as session:
        urls = world.box.mount(session)
        session.post(f"{urls.api}/account/articles/{item}/publish")

    assert only_these.found[before:] == [f"POST /v2/account/articles/{item}/publish"]
    del only_these.found[before:]
