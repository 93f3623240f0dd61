"""The sandbox: a Figshare of our own, in-process or on real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random, SystemRandom

import requests

from figsync.sandbox.accounts import add_account, first_account
from figsync.sandbox.blobs import Blobs
from figsync.sandbox.clock import Clock, RealClock, ShiftedClock
from figsync.sandbox.faults import Fault
from figsync.sandbox.log import RequestLog
from figsync.sandbox.mount import WsgiAdapter
from figsync.sandbox.services import build_services
from figsync.sandbox.sockets import Address, serving
from figsync.sandbox.store import Store
from figsync.sandbox.switches import Switches
from figsync.sandbox.web import Web
from figsync.sandbox.world import NOWHERE, Urls, World

MIB = 1 << 20


class Sandbox:
    """A Figshare of our own; all it keeps is in *folder* and survives a restart."""

    def __init__(
        self,
        folder: Path,
        *,
        token: str = "sandbox-token",
        part_size: int = 10 * MIB,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        store = Store(folder / "sandbox.sqlite")
        chance = random or SystemRandom()
        self.world = World(
            store=store,
            blobs=Blobs(folder / "blobs"),
            clock=ShiftedClock(clock or RealClock()),
            random=chance,
            part_size=part_size,
            secret=store.setting("secret", f"{chance.getrandbits(256):064x}"),
        )
        self.token = token
        self.web = Web(self.world, first_account(self.world, token))
        self.apps = build_services(self.world, self.web_of)

    @property
    def urls(self) -> Urls:
        """Return where the services are now."""
        return self.world.urls

    @property
    def switches(self) -> Switches:
        """Return what can be made to behave worse than usual."""
        return self.world.switches

    @property
    def clock(self) -> ShiftedClock:
        """Return the sandbox's time, which `advance` moves."""
        return self.world.clock

    @property
    def log(self) -> RequestLog:
        """Return what was asked and answered."""
        return self.world.log

    def fail_next(self, fault: Fault) -> None:
        """Let the next `fault.times` requests that match fail."""
        self.world.faults.add(fault)

    def add_account(self, token: str, *, admin: bool = False) -> int:
        """Make another account and return its id."""
        return add_account(self.world, token, is_admin=admin)

    def web_of(self, account_id: int) -> Web:
        """Return the owner of another account at work; 0 is the first account."""
        return Web(self.world, account_id) if account_id else self.web

    def mount(self, session: requests.Session) -> Urls:
        """Let *session* reach the services in-process, and return where they are."""
        self.world.urls = NOWHERE
        roots = (NOWHERE.site, NOWHERE.upload, NOWHERE.storage)
        for root, app in zip(roots, self.apps.values(), strict=True):
            session.mount(f"{root}/", WsgiAdapter(app))
        return self.urls

    @contextmanager
    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[Urls]:
        """Serve on real sockets while the context lasts; port 0 picks free ones."""
        address = Address(host, self._ports(port))
        with serving(list(self.apps.values()), address) as ports:
            self.world.store.remember("ports", " ".join(map(str, ports)))
            reachable = "127.0.0.1" if host == "0.0.0.0" else host
            roots = [f"http://{reachable}:{port}" for port in ports]
            self.world.urls = Urls.at(*roots)
            try:
                yield self.urls
            finally:
                self.clock.end_waits()
        self.world.urls = NOWHERE

    def close(self) -> None:
        """Close the database."""
        self.world.store.close()

    def _ports(self, port: int) -> tuple[int, ...]:
        """Return the ports to try: those of last time, unless another is asked for."""
        remembered = [int(one) for one in self.world.store.setting("ports", "").split()]
        api, upload, storage = remembered or (0, 0, 0)
        return (port or api, upload, storage)
