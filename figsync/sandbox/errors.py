"""How the sandbox says no."""


class Refused(Exception):
    """A request is answered with an error status and Figshare's JSON error body."""

    def __init__(self, status: int, message: str, code: str = "BadRequest") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class ConnectionBroken(Exception):
    """The connection is cut without a reply."""


def not_found(kind: str) -> Refused:
    """Return Figshare's answer for a *kind* of thing that does not exist."""
    return Refused(404, f"Entity not found: {kind}", "EntityNotFound")


def wrong(message: str) -> Refused:
    """Return the answer for a field of a wrong type or value."""
    return Refused(422, message, "ValidationFailed")
