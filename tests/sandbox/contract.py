"""Replies held against Figshare's published contract, where it is at hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from figsync.sandbox import Entry, Sandbox, Switches

CONTRACT = Path(__file__).parents[3] / "shared" / "figshare" / "openapi-v2.json"
NAME = "urn:contract"

# Replies of one kind, and rows of one list, that are looked at: more tell nothing new.
ENOUGH = 25
UNLIKE_FIGSHARE = ("uuid_ids", "light_dates", "record_files", "bad_token_status")


@dataclass(frozen=True)
class Deviation:
    """A difference that is known, with the section of api.md that tells why."""

    where: str
    what: str
    section: str

    def covers(self, where: str, what: str) -> bool:
        """Tell whether a complaint is this difference."""
        return bool(re.search(self.where, where) and re.search(self.what, what))


# `where` is searched in "METHOD /path status /json/pointer", `what` in the complaint.
DEVIATIONS = (
    Deviation(r"/published_date$", r"None is not of type 'string'", "3.3"),
    Deviation(r"/group_id$", r"None is not of type 'integer'", "3.3"),
    Deviation(r"/resource_(doi|title)$", r"None is not of type 'string'", "3.3"),
    Deviation(r"/active$", r"(True|False) is not of type 'integer'", "2"),
    Deviation(r" 4\d\d /code$", r"is not of type 'integer'", "8"),
    Deviation(r"^(PUT|PATCH) .* 205 $", r"the body is empty", "5.1"),
    Deviation(r"/embargo_(date|type)$", r"None is not (of type|one of)", "4.1"),
    Deviation(r"/funding$", r"None is not of type 'string'", "4.1"),
    Deviation(r"GET /articles/\S+ 200 ", r"'files' is a required property", "4.1"),
    Deviation(r"^POST /account/articles 404 ", "no such status", "8"),
    Deviation(r"/custom_fields/\d+/value$", r"is not of type 'object'", "4.1"),
    Deviation(r"/group_resource_id$", r"None is not of type 'string'", "4.1"),
    Deviation(r"/project_id$", r"None is not of type 'integer'", "3.3"),
    Deviation(r"^DELETE /account/articles/\{article_id\} 400", "no such status", "5.1"),
    Deviation(r" 422 ", "no such status", "8"),
    Deviation(r"^(PUT|PATCH) .* 400 ", "no such status", "8"),
    Deviation(r"^GET /file/download/\{file_id\} ", "no such status", "6.7"),
    Deviation(
        r"^GET /account/articles/\{article_id\}/download (302|404)",
        "no such status",
        "6.7",
    ),
)


class Contract:
    """The paths and shapes that Figshare publishes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths: dict[str, Any] = document["paths"]
        resource = Resource.from_contents(
            _modern(document), default_specification=DRAFT202012
        )
        self._registry = Registry().with_resource(NAME, resource)
        self._patterns = [
            (template, re.compile(re.sub(r"\{\w+\}", "[^/]+", template)))
            # A fixed word is a better fit than a placeholder.
            for template in sorted(self._paths, key=lambda one: one.count("{"))
        ]

    def template(self, path: str) -> str:
        """Return the contract's name for a path, or nothing."""
        path = path.removeprefix("/v2")
        fits = (name for name, pattern in self._patterns if pattern.fullmatch(path))
        return next(fits, "")

    def complaints(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """Yield where and how a reply differs from the contract."""
        template = self.template(entry.path)
        where = f"{entry.method} {template or entry.path} {entry.status} "
        calls = self._paths.get(template, {})
        if entry.method.lower() not in calls:
            if entry.status not in (404, 405):
                yield where, "no such call"
            return
        answers = calls[entry.method.lower()]["responses"]
        if str(entry.status) not in answers:
            yield where, "no such status"
            return
        for pointer, message in self._differences(template, entry, answers):
            yield f"{where}{pointer}", message

    def _differences(
        self, template: str, entry: Entry, answers: dict[str, Any]
    ) -> Iterator[tuple[str, str]]:
        content = answers[str(entry.status)].get("content", {})
        if "schema" not in content.get("application/json", {}):
            return
        if not entry.body:
            yield "", "the body is empty"
            return
        steps = ("paths", template, entry.method.lower(), "responses")
        steps += (str(entry.status), "content", "application/json", "schema")
        pointer = "/".join(one.replace("~", "~0").replace("/", "~1") for one in steps)
        validator = Draft202012Validator(
            {"$ref": f"{NAME}#/{pointer}"}, registry=self._registry
        )
        for error in validator.iter_errors(_first_rows(entry.body)):
            where = "/".join(str(step) for step in error.absolute_path)
            yield f"/{where}", error.message


class Recorder:
    """What sandboxes answered, held against the contract.

    Any test can let it watch its sandbox; `complaints` then tells what was wrong.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._found: set[str] = set()
        self.provoked: Counter[tuple[str, str, int]] = Counter()
        self.used: set[Deviation] = set()

    def watch(self, box: Sandbox) -> None:
        """Look at the replies of the sandbox's API from now on.

        Those that a fault made are left out, and all while a switch is set that
        makes records unlike Figshare's.
        """

        def look(entry: Entry) -> None:
            is_ours = entry.service == "api" and not entry.on_purpose
            if is_ours and entry.status != 304 and _is_like_figshare(box):
                self._look(entry)

        box.log.watch(look)

    def complaints(self) -> list[str]:
        """Return the differences that no deviation explains."""
        return sorted(self._found)

    def _look(self, entry: Entry) -> None:
        template = self._contract.template(entry.path)
        kind = (entry.method, template, entry.status)
        self.provoked[kind] += 1
        if self.provoked[kind] > ENOUGH:
            return
        for where, what in self._contract.complaints(entry):
            known = [one for one in DEVIATIONS if one.covers(where, what)]
            self.used.update(known)
            if not known:
                self._found.add(f"{where}: {what}")


def _is_like_figshare(box: Sandbox) -> bool:
    plain, now = Switches().as_json(), box.switches.as_json()
    return all(plain[name] == now[name] for name in UNLIKE_FIGSHARE)


@pytest.fixture(scope="session")
def suite_contract() -> Iterator[Recorder | None]:
    """Hold what all tests provoke against the contract, when the last has ended."""
    contract = read_contract()
    if contract is None:
        yield None
        return
    recorder = Recorder(contract)
    yield recorder
    if recorder.complaints():
        pytest.fail("Unlike the contract:\n" + "\n".join(recorder.complaints()))


@cache
def read_contract() -> Contract | None:
    """Return the contract, or None where it is not at hand."""
    if not CONTRACT.exists():
        return None
    return Contract(json.loads(CONTRACT.read_text(encoding="utf-8")))


def _first_rows(body: bytes) -> Any:
    content = json.loads(body)
    return content[:ENOUGH] if isinstance(content, list) else content


def _modern(schema: Any) -> Any:
    """Return OpenAPI 3.0 with its `nullable` as JSON Schema says it today."""
    if isinstance(schema, list):
        return [_modern(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    modern = {key: _modern(value) for key, value in schema.items() if key != "example"}
    if modern.pop("nullable", None) is True and isinstance(modern.get("type"), str):
        modern["type"] = [modern["type"], "null"]
        if "enum" in modern:
            modern["enum"] = [*modern["enum"], None]
    return modern
