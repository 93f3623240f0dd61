"""Zips from outside: no name is believed, and no byte more unpacked than announced."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile

import pytest

from figsync.errors import BadBytes
from figsync.model import RemoteFile
from figsync.sync.archive import TRIES, Archive

CONTENT = b"depth,mass\n1,2\n" * 100


def of(path: str, content: bytes = CONTENT) -> RemoteFile:
    folder, _, name = path.rpartition("/")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return RemoteFile(path, "1", len(content), md5, folder=folder, name=name)


def zipped(
    *members: tuple[str, bytes], packing: int = zipfile.ZIP_DEFLATED
) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file


def test_a_member_is_found_by_its_path() -> None:
    archive = Archive(zipped(("raw/a.csv", CONTENT), ("a.csv", b"x")), "zip")

    assert archive.content(of("raw/a.csv")) == CONTENT


@pytest.mark.parametrize(
    "name",
    [
        "/raw/a.csv",
        "./raw/a.csv",
        "raw\\a.csv",
        "Soil cores/raw/a.csv",
        "../../raw/a.csv",
        "a.csv",
        "a (1).csv",
        "R_A_W__A",
    ],
)
def test_a_member_is_found_whatever_it_is_named(name: str) -> None:
    archive = Archive(zipped(("other", b"x"), (name, CONTENT)), "zip")

    assert archive.content(of("raw/a.csv")) == CONTENT


def test_paths_may_begin_below_the_folder_asked_for() -> None:
    file = zipped(("in/a.csv", CONTENT), *((f"{n}", b"y" * 1500) for n in range(9)))

    assert Archive(file, "zip", "raw").content(of("raw/in/a.csv")) == CONTENT


def test_twins_are_told_apart_by_their_bytes() -> None:
    elder, younger = b"elder one", b"young one"
    archive = Archive(zipped(("a.csv", elder), ("a (2).csv", younger)), "zip")

    assert archive.content(of("a.csv", younger)) == younger
    assert archive.content(of("a.csv", elder)) == elder


def test_what_is_not_in_it_is_not_had() -> None:
    archive = Archive(zipped(("a.csv", b"y" * len(CONTENT))), "zip")

    with pytest.raises(BadBytes):
        archive.content(of("a.csv"))


def test_not_every_member_of_the_right_size_is_tried() -> None:
    many = [(f"{n}", b"%04d" % n) for n in range(1000)]
    archive = Archive(zipped(*many), "zip")

    assert len(archive.candidates(of("other", b"0999"))) == TRIES


def test_a_bomb_unpacks_to_no_more_than_the_record_says() -> None:
    file = zipped(("a.csv", bytes(100 << 20)))
    content = bytearray(file.getvalue())
    # The member claims, in both places, to be as small as the record.
    for place in (content.find(b"PK\x03\x04") + 22, content.find(b"PK\x01\x02") + 24):
        content[place : place + 4] = (1000).to_bytes(4, "little")

    archive = Archive(io.BytesIO(content), "zip")

    with pytest.raises(BadBytes):
        archive.content(of("a.csv", bytes(1000 - 1) + b"x"))


def test_a_password_or_a_rare_packing_is_passed_over() -> None:
    rare = zipped(("a.csv", CONTENT), packing=zipfile.ZIP_LZMA)
    locked = bytearray(zipped(("a.csv", CONTENT)).getvalue())
    locked[locked.find(b"PK\x01\x02") + 8] |= 1

    for file in (rare, io.BytesIO(locked)):
        with pytest.raises(BadBytes):
            Archive(file, "zip").content(of("a.csv"))


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_is_told_in_one_way(content: bytes) -> None:
    with pytest.raises(BadBytes):
        Archive(io.BytesIO(content), "zip").content(of("a.csv"))


def test_whatever_is_bent_in_a_zip_is_told_in_one_way() -> None:
    whole = zipped(("a.csv", CONTENT), ("raw/b.csv", CONTENT[:-1])).getvalue()
    for seed in range(500):
        chance = random.Random(seed)
        bent = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        del bent[chance.choice((len(bent), chance.randrange(len(bent)))) :]

        try:
            found = Archive(io.BytesIO(bent), "zip").content(of("a.csv"))
        except BadBytes:
            continue

        assert found == CONTENT
