"""Every call of the API is made once and its reply held against the contract."""

import re

import pytest

from figsync.sandbox import Entry, Sandbox
from figsync.sandbox.services import api_app
from tests.sandbox.client import Client
from tests.sandbox.contract import DEVIATIONS, Contract, Recorder, read_contract

EMBARGO = {"is_embargoed": True, "embargo_date": "2040-01-01", "embargo_type": "file"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    published = read_contract()
    if published is None:
        pytest.skip("the contract is not at hand")
    return published


@pytest.fixture
def recorder(contract: Contract) -> Recorder:
    return Recorder(contract)


@pytest.fixture
def watched(recorder: Recorder, box: Sandbox) -> Client:
    recorder.watch(box)
    return Client(box)


def use_vocabularies(client: Client) -> None:
    for path in ("/licenses", "/categories", "/item_types", "/account"):
        client.get(path)
    for path in ("licenses", "categories", "institution"):
        client.get(f"/account/{path}")
    author = client.post("/account/authors/search", {"search": "ada"}).json()[0]
    client.get(f"/account/authors/{author['id']}")
    client.get("/account/authors/1")


def use_item(client: Client) -> int:
    body = {
        "title": "Soil cores",
        "description": "Drilled",
        "tags": ["soil"],
        "categories": [24163],
        "references": ["https://example.org"],
        "authors": [{"name": "Bo Ek"}],
        "custom_fields": {"Depth": "3 m"},
        "funding_list": [{"title": "Grant 7"}],
        "timeline": {"firstOnline": "2026-01-01"},
        "related_materials": [{"identifier": "10.1/x", "title": "X"}],
    }
    item: int = client.post("/account/articles", body).json()["entity_id"]
    path = f"/account/articles/{item}"
    client.get("/account/articles")
    client.get(path)
    client.put(path, {"title": "Cores of soil"})
    client.call("PATCH", path, json={"license": 2})
    client.put(path, {"title": 7})
    client.put(path, {"title": "x"})
    client.post("/account/articles", {"title": 7})
    client.post("/account/articles", body | {"categories": [5]})
    client.post("/account/articles", {"title": "x"})
    for _ in range(2):
        client.post("/account/articles/search", {"search_for": "soil"})
    return item


def use_people(client: Client, item: int) -> None:
    path = f"/account/articles/{item}"
    for kind, extra in (("authors", [{"name": "Di Fu"}]), ("categories", [24133])):
        client.get(f"{path}/{kind}")
        client.post(f"{path}/{kind}", {kind: extra})
        last = client.get(f"{path}/{kind}").json()[-1]["id"]
        client.delete(f"{path}/{kind}/{last}")
        client.put(f"{path}/{kind}", {kind: extra})
        client.put(f"{path}/{kind}", {})


def use_files(client: Client, item: int) -> int:
    path = f"/account/articles/{item}"
    client.get(f"{path}/files")
    file = client.initiate(item, b"1,2")
    client.complete(item, file)
    client.put_parts(file, b"1,2")
    client.complete(item, file)
    for _ in range(3):
        client.file(item, file)
    gone = client.initiate(item, b"3", name="gone")
    client.delete(f"{path}/files/{gone['id']}")
    client.post(f"{path}/files", {"link": "https://example.org/x"})
    client.post(f"{path}/files", {"name": "empty", "size": 0})
    client.post(f"{path}/files", {"name": 7, "size": 1})
    client.get(f"{path}/files")
    client.get(path)
    client.get(f"/file/download/{file['id']}")
    client.get(f"{path}/download")
    client.get("/account/articles/1/download")
    id_of: int = file["id"]
    return id_of


def use_terms(client: Client, item: int) -> None:
    path = f"/account/articles/{item}"
    for verb, body in (("embargo", EMBARGO), ("confidentiality", {"reason": "Names"})):
        client.get(f"{path}/{verb}")
        client.put(f"{path}/{verb}", body)
        client.get(f"{path}/{verb}")
        client.get(path)
        client.delete(f"{path}/{verb}")
        client.put(f"{path}/{verb}", {})
    client.post(f"{path}/private_links", {})
    link = client.get(f"{path}/private_links").json()[0]["id"]
    client.put(f"{path}/private_links/{link}", {"expires_date": "2041-01-01"})
    client.delete(f"{path}/private_links/{link}")
    client.post(f"{path}/reserve_doi")
    client.post(f"{path}/reserve_handle")


def use_public(client: Client, item: int, file: int) -> None:
    path = f"/articles/{item}"
    client.get(path)
    client.post(f"/account/articles/{item}/publish")
    for _ in range(2):
        client.get(path)
    client.delete(f"/account/articles/{item}")
    for part in ("", "/versions", "/files", f"/files/{file}", "/download"):
        client.get(path + part)
    for part in ("", "/files", "/embargo", "/confidentiality", "/download"):
        client.get(f"{path}/versions/1{part}")
    client.get(f"{path}/versions/9")
    for _ in range(2):
        client.get("/articles")
        client.post("/articles/search", {"search_for": "soil"})
    client.put(f"/account/articles/{item}/embargo", EMBARGO)
    client.box.web.publish(item)
    client.get(path)
    client.delete(f"/account/articles/{item}/embargo")
    client.get("/articles", order="size")
    client.get("/articles", page=1, limit=1)


def use_administration(client: Client, item: int) -> None:
    box = client.box
    stranger, boss = Client(box, ""), Client(box, "boss")
    owner = box.web.account_id
    box.add_account("boss", admin=True)
    stranger.get("/account")
    client.get("/account/institution/accounts")
    boss.get("/account/institution/accounts")
    boss.get("/account/institution/articles")
    boss.get("/account/articles", impersonate=owner)
    reason = {"reason": "A mistake", "impersonate": owner}
    client.post(f"/account/articles/{item}/publish")
    client.post(f"/account/articles/{item}/unpublish", reason | {"reason": ""})
    boss.post(f"/account/articles/{item}/unpublish", reason)
    client.delete(f"/account/articles/{item}")


def use_everything(client: Client) -> None:
    use_vocabularies(client)
    item = use_item(client)
    use_people(client, item)
    file = use_files(client, item)
    use_terms(client, item)
    use_public(client, item, file)
    use_administration(client, item)


def test_every_reply_is_as_the_contract_says(recorder: Recorder, watched: Client):
    use_everything(watched)

    assert recorder.complaints() == []


def test_every_call_of_the_sandbox_was_made(
    contract: Contract, recorder: Recorder, watched: Client
):
    use_everything(watched)

    succeeded = {
        (method, path) for method, path, status in recorder.provoked if status < 400
    }
    offered = {
        (method, contract.template(re.sub(r"<[^>]+>", "1", rule.rule)))
        for rule in api_app().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert offered - succeeded == set()


def test_every_deviation_is_a_difference_that_exists(
    recorder: Recorder, watched: Client
):
    use_everything(watched)

    assert [one for one in DEVIATIONS if one not in recorder.used] == []


def test_a_reply_that_breaks_the_contract_is_noticed(contract: Contract):
    reply = Entry(
        *(0.0, "api", "GET", "/v2/account/articles", "", 200, True, 1, 0, 0),
        body=b'[{"id": null}]',
    )

    complaints = list(contract.complaints(reply))

    where = "GET /account/articles 200 /0/id"
    assert (where, "None is not of type 'integer'") in complaints
