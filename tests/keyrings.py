"""Keyrings for tests, loaded by keyring itself in the process that figsync asks."""

from __future__ import annotations

import signal

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

TOKEN = "0123456789abcdef" * 8


class Open(KeyringBackend):
    """One that has a token, under one name."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return TOKEN if (service, username) == ("figsync", "lab desk") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


class Locked(Open):
    """One that its owner has not unlocked."""

    def get_password(self, service: str, username: str) -> str | None:
        del service, username
        raise KeyringLocked("Failed to unlock the collection!")


class Asking(Open):
    """One that asks for its password where nobody is."""

    def get_password(self, service: str, username: str) -> str | None:
        del service, username
        signal.pause()
        return None


class Typing(Open):
    """One that asks for its password at the terminal."""

    def get_password(self, service: str, username: str) -> str | None:
        del service, username
        return input("Password of the keyring: ")
