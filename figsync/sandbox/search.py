"""Figshare's search language, as much of it as is needed to find things."""

import re
from collections.abc import Callable

from figsync.sandbox import vocabulary
from figsync.sandbox.clock import parse_stamp
from figsync.sandbox.rows import Item

Test = Callable[["Searchable"], bool]

_TOKENS = re.compile(r'\(|\)|:\w+:|"[^"]*"|[^\s()]+')


class Searchable:
    """An item with the words by which it is found."""

    def __init__(self, item: Item, *, names: list[str], authors: list[str]) -> None:
        fields = item.fields
        self.item = item
        self.words = {
            "title": fields["title"],
            "description": fields["description"],
            "tag": "\n".join(fields["tags"]),
            "author": "\n".join(authors),
            "category": "\n".join(_category_titles(fields["categories"])),
            "item_type": vocabulary.ITEM_TYPES[fields["defined_type"]],
            "extension": "\n".join(name.rpartition(".")[2] for name in names),
            "doi": fields["doi"],
            "licence": vocabulary.license_json(fields["license"])["name"],
            "references": "\n".join(fields["references"]),
            "resource_doi": fields["resource_doi"] or "",
            "resource_title": fields["resource_title"] or "",
        }

    def contains(self, word: str) -> bool:
        """Tell whether *word* is anywhere in the item."""
        return any(word in text.lower() for text in self.words.values())


def parse_query(text: str) -> Test:
    """Return the test that *text* describes: AND, OR, NOT, brackets, :field: value."""
    tokens = _TOKENS.findall(text)
    return _Parser(tokens).any_of() if tokens else lambda _: True


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._left = list(reversed(tokens))

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._left and self._left[-1] != ")":
            # A space between two words is an OR.
            self._skip("OR")
            tests.append(self._all_of())
        return lambda item: any(test(item) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._skip("AND"):
            tests.append(self._one())
        return lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self._skip("NOT"):
            test = self._one()
            return lambda item: not test(item)
        if self._skip("("):
            test = self.any_of()
            self._skip(")")
            return test
        token = self._left.pop() if self._left else ""
        if re.fullmatch(r":\w+:", token):
            return _field_test(token.strip(":"), self._left.pop() if self._left else "")
        word = token.strip('"').lower()
        return lambda item: item.contains(word)

    def _skip(self, token: str) -> bool:
        if self._left and self._left[-1] == token:
            self._left.pop()
            return True
        return False


def _field_test(name: str, value: str) -> Test:
    word = value.strip('"').lower()
    if name in ("published_after", "published_before"):
        return _date_test(name, word)
    if name == "tag":
        return lambda item: word in item.words["tag"].lower().split("\n")
    return lambda item: word in item.words.get(name, "").lower()


def _date_test(name: str, value: str) -> Test:
    try:
        limit = parse_stamp(value)
    except ValueError:
        return lambda _: False
    sign = 1 if name == "published_after" else -1
    return lambda found: (
        found.item.published is not None and sign * (found.item.published - limit) > 0
    )


def _category_titles(ids: list[int]) -> list[str]:
    known = (vocabulary.category(category_id) for category_id in ids)
    return [one.title for one in known if one]
