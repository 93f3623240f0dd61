"""Items: what the account has, one record, a new draft, a deletion."""

from __future__ import annotations

from figsync.errors import NotFound
from figsync.figshare.answers import Place
from figsync.figshare.ask import DONE, JSON_COMES, Ask
from figsync.figshare.client import Connection
from figsync.figshare.paging import PAGE_SIZE, Listing, Page, read_listing
from figsync.figshare.records import (
    Account,
    Item,
    ItemRow,
    decode_account,
    decode_created,
    decode_item,
    decode_rows,
)

LIST = "the list of items"


class ItemCalls(Connection):
    """What can be asked and done about items."""

    def account(self) -> Account:
        """Return the account the token belongs to; TokenRefused when to none."""
        ask = Ask(
            method="GET",
            url=self.url("account"),
            subject="the account",
            place=Place.ACCOUNT,
        )
        return decode_account(self.call(ask).content, subject=ask.subject)

    def list_items(self, *, confirm: bool = False) -> Listing[ItemRow]:
        """Return the items of the account; see Listing for what is proven by it.

        With *confirm* it ends only with an empty page, as proof of absence needs.
        """
        return read_listing(self._items_page, confirm=confirm)

    def search_items(
        self,
        order: str = "modified_date",
        direction: str = "desc",
        *,
        modified_since: str | None = None,
        page: int = 1,
        page_size: int = PAGE_SIZE,
    ) -> list[ItemRow]:
        """Return one page of a search: a hint, since the index lags behind.

        figshare-rs saw new drafts missing from it for up to twenty seconds.
        """
        wanted: dict[str, object] = {
            "order": order,
            "order_direction": direction,
            "page": page,
            "page_size": page_size,
        }
        if modified_since is not None:
            wanted["modified_since"] = modified_since
        ask = Ask(
            method="POST",
            url=self.url("account", "articles", "search"),
            subject=LIST,
            place=Place.ACCOUNT,
            json=wanted,
        )
        return decode_rows(self.call(ask).content, subject=LIST)

    def read_item(self, item_id: str) -> Item:
        """Return an item's full record; NotFound only when the API itself says so."""
        ask = self._about_item("GET", item_id)
        return decode_item(self.call(ask).content, item_id, subject=ask.subject)

    def item_exists(self, item_id: str) -> bool:
        """Say whether the API knows the item; raise when it can not be told."""
        try:
            self.read_item(item_id)
        except NotFound:
            return False
        return True

    def create_item(self, title: str) -> str:
        """Make a draft and return its id.

        It is sent once: when no usable answer comes, the draft may exist or not.
        """
        ask = Ask(
            method="POST",
            url=self.url("account", "articles"),
            subject=f"the new item “{title}”",
            json={"title": title},
            repeatable=False,
        )
        reply = self.call(ask)
        location = reply.headers.get("Location", "")
        return decode_created(reply.content, location, subject=ask.subject)

    def delete_item(self, item_id: str) -> None:
        """Delete a draft for good; one that is gone already is fine.

        Figshare refuses it for public items with 400 (observed live).
        """
        try:
            self.call(self._about_item("DELETE", item_id, success=DONE))
        except NotFound:
            return

    def _about_item(
        self, method: str, item_id: str, *, success: frozenset[int] = JSON_COMES
    ) -> Ask:
        return Ask(
            method=method,
            url=self.url("account", "articles", item_id),
            subject=f"item {item_id}",
            success=success,
        )

    def _items_page(self, number: int) -> Page[ItemRow]:
        ask = Ask(
            method="GET",
            url=self.url("account", "articles"),
            subject=LIST,
            place=Place.ACCOUNT,
            query={"page": number, "page_size": PAGE_SIZE},
        )
        reply = self.call(ask)
        return Page(decode_rows(reply.content, subject=LIST), reply.server_time)
