"""A token in the keyring: the real package, with backends that answer or do not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from figsync.config import load_config, read_token
from figsync.config.keyrings import keyring_text
from figsync.errors import WrongUsage
from tests.keyrings import TOKEN

HOUSE = Path(__file__).parents[1]


def known(backend: str) -> dict[str, str]:
    return {"PYTHONPATH": str(HOUSE), "PYTHON_KEYRING_BACKEND": backend}


def refused(backend: str, *, name: str = "lab desk", seconds: float = 30) -> str:
    with pytest.raises(WrongUsage) as caught:
        keyring_text(name, known(backend), seconds=seconds)
    return str(caught.value)


def test_the_keyring_has_the_token_if_no_other_place_has_it(tmp_path: Path) -> None:
    path, file = tmp_path / "config.ini", tmp_path / "token"
    file.write_text("file")
    file.chmod(0o600)
    environ = {"HOME": str(tmp_path), **known("tests.keyrings.Open")}

    path.write_text("[account]\ntoken_keyring = lab desk")
    assert read_token(load_config(path, environ), environ) == TOKEN
    path.write_text("[account]\ntoken_keyring = lab desk\ntoken_file = token")
    assert read_token(load_config(path, environ), environ) == "file"


def test_a_name_that_the_keyring_does_not_know_is_told() -> None:
    told = refused("tests.keyrings.Open", name="desk")

    assert told.startswith("the keyring: it has no token of that name; ")
    assert "`keyring set figsync NAME`" in told


def test_a_locked_keyring_is_told_at_once() -> None:
    told = refused("tests.keyrings.Locked")

    assert told.startswith("the keyring: it is locked; unlock it")


def test_a_keyring_that_asks_on_a_desktop_is_waited_for_only_so_long() -> None:
    begun = time.monotonic()

    told = refused("tests.keyrings.Asking", seconds=3)

    assert told.startswith("the keyring: it gave no answer in 3 s: is it locked?; ")
    assert time.monotonic() - begun < 30


def test_a_keyring_that_asks_at_the_terminal_gets_no_answer() -> None:
    told = refused("tests.keyrings.Typing")

    assert told.startswith("the keyring: it refuses (EOFError")


def test_a_machine_without_a_keyring_says_what_to_do() -> None:
    told = refused("keyring.backends.fail.Keyring")

    assert told.startswith("the keyring: this machine has none that can be used here; ")
    assert "token_file" in told


def test_without_the_package_it_is_named(tmp_path: Path) -> None:
    # What stands first on the path hides the package that is installed.
    message = "No module named 'keyring'"
    (tmp_path / "keyring.py").write_text(f"raise ModuleNotFoundError({message!r})")

    with pytest.raises(WrongUsage, match="keyring is not installed; pip install"):
        keyring_text("lab desk", {"PYTHONPATH": str(tmp_path)})


@pytest.mark.parametrize("name", ["-h", "two\n lines", "x" * 65, TOKEN])
def test_what_can_be_no_name_is_refused_without_showing_it(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "config.ini"
    path.write_text(f"[account]\ntoken_keyring = {name}")

    with pytest.raises(WrongUsage) as caught:
        load_config(path, {"HOME": str(tmp_path)})

    assert name not in str(caught.value)
    assert "line 2, [account] token_keyring" in str(caught.value)
