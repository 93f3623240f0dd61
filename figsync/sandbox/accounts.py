"""Accounts and authors."""

from figsync.sandbox.rows import Account, Author
from figsync.sandbox.world import Books, World

FIRST_ACCOUNT = 1_495_682
FIRST_AUTHOR = 1_000_001


def add_account(world: World, token: str, *, is_admin: bool = False) -> int:
    """Make an account and return its id; one with that token is left as it is."""
    with world.writing() as books:
        known = account_of_token(books, token)
        if known is not None:
            return known.id
        number = _count(books, "accounts")
        name = ("Ada", f"Sandbox {number + 1}" if number else "Sandbox")
        return books.insert(
            "accounts",
            id=FIRST_ACCOUNT + number,
            author_id=add_author(books, *name),
            token=token,
            first_name=name[0],
            last_name=name[1],
            email=f"ada{number + 1}@sandbox.invalid",
            is_admin=is_admin,
            created=world.now(),
        )


def first_account(world: World, token: str) -> int:
    """Return the id of the first account, which has *token* from now on."""
    with world.writing() as books:
        first = next(iter(all_accounts(books)), None)
        if first is not None and account_of_token(books, token) is None:
            books.update("accounts", first.id, token=token)
    return add_account(world, token)


def add_author(books: Books, first: str, last: str, orcid: str = "") -> int:
    """Make an author and return the id."""
    full_name = f"{first} {last}".strip()
    return books.insert(
        "authors",
        id=FIRST_AUTHOR + _count(books, "authors"),
        full_name=full_name,
        first_name=first,
        last_name=last,
        orcid_id=orcid,
    )


def account_of_token(books: Books, token: str) -> Account | None:
    """Return who has *token*."""
    row = books.execute("SELECT * FROM accounts WHERE token = ?", (token,)).fetchone()
    return None if row is None else Account.of(row)


def account(books: Books, account_id: int) -> Account | None:
    """Return the account with that id."""
    row = books.execute("SELECT * FROM accounts WHERE id = ?", (account_id,)).fetchone()
    return None if row is None else Account.of(row)


def all_accounts(books: Books) -> list[Account]:
    """Return every account, oldest first."""
    return [
        Account.of(row) for row in books.execute("SELECT * FROM accounts ORDER BY id")
    ]


def authors(books: Books, ids: list[int]) -> list[Author]:
    """Return the authors with those ids, in that order; unknown ones are left out."""
    marks = ", ".join("?" * len(ids))
    rows = books.execute(f"SELECT * FROM authors WHERE id IN ({marks})", ids)
    known = {row["id"]: Author.of(row) for row in rows}
    return [known[author_id] for author_id in ids if author_id in known]


def search_authors(books: Books, words: str) -> list[Author]:
    """Return the authors whose name or ORCID contains *words*."""
    rows = books.execute(
        "SELECT * FROM authors WHERE instr(lower(full_name || ' ' || orcid_id), ?)",
        (words.lower(),),
    )
    return [Author.of(row) for row in rows]


def used_quota(books: Books, account_id: int) -> tuple[int, int]:
    """Return the bytes of private and of public files of an account."""
    sums = dict.fromkeys((0, 1), 0)
    rows = books.execute(
        "SELECT files.attached, sum(files.size) AS size FROM files"
        " JOIN items ON items.id = files.item_id"
        " WHERE items.account_id = ? GROUP BY files.attached",
        (account_id,),
    )
    for row in rows:
        sums[row["attached"]] = row["size"]
    return sums[0], sums[1]


def _count(books: Books, table: str) -> int:
    return int(books.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
