"""Both sides compared by checksum, without any of the code that synced them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import requests

from figsync.sandbox import Web

OWN_FOLDERS = {".figsync", ".figshare"}
SECRETS = ("upload_url", "upload_token")
PATIENCE = 30.0

Json = dict[str, Any]  # a JSON object: any value may be inside


def md5(content: bytes) -> str:
    """Return the MD5 as Figshare writes it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Return path and MD5 of every file below *folder*, figsync's own left out."""
    return {
        str(path.relative_to(folder)): md5(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not OWN_FOLDERS & set(path.relative_to(folder).parts)
    }


def item_folders(root: Path) -> dict[int, Path]:
    """Return the folder of each item by the id in its record."""
    return {
        int(json.loads(record.read_text())["id"]): record.parent.parent
        for record in sorted(root.glob("*/.figshare/record.json"))
    }


def checksums_there(web: Web, item_id: int) -> dict[str, str]:
    """Return path and MD5 of every file of an item, hashed from the bytes."""
    return {path: md5(content) for path, content in web.tree(item_id).items()}


def differences(root: Path, web: Web) -> list[str]:
    """Say what differs between the mirror and the account, file by file.

    Linked files have no bytes on Figshare and are left out.
    """
    folders, items = item_folders(root), web.item_ids()
    found = [f"item {item} has no folder" for item in items if item not in folders]
    found += [f"{folders[i].name} is no item" for i in folders if i not in items]
    strangers = {path.name for path in root.iterdir()} - {".figsync"}
    strangers -= {folder.name for folder in folders.values()}
    found += [f"{name} has no record" for name in sorted(strangers)]
    for item in sorted(folders.keys() & set(items)):
        found += _item_differences(folders[item], checksums_there(web, item))
    return found


def _item_differences(folder: Path, there: dict[str, str]) -> list[str]:
    here = {p: md5 for p, md5 in checksums(folder).items() if not p.endswith(".url")}
    # Some names can not be held by a file system, or must not be.
    if any(".." in path.split("/") for path in there):
        same = sorted(here.values()) == sorted(there.values())
        return [] if same else [f"{folder.name}: other bytes"]
    paths = sorted(here.keys() | there.keys())
    return [f"{folder.name}/{p}" for p in paths if here.get(p) != there.get(p)]


def record_differences(root: Path, api_url: str, token: str) -> list[str]:
    """Return the folders whose record is not the API's, upload secrets aside."""
    found = []
    for item, folder in item_folders(root).items():
        record = json.loads((folder / ".figshare" / "record.json").read_text())
        answer = _ask(f"{api_url}/account/articles/{item}", token)
        if _blanked(record) != _blanked(answer):
            found.append(f"{folder.name}/.figshare/record.json")
    return found


def api_files(api_url: str, token: str, item: int) -> dict[str, Json]:
    """Return the file records of an item by name, as the API lists them."""
    url = f"{api_url}/account/articles/{item}/files?page_size=1000"
    return {record["name"]: record for record in _ask(url, token)}


def _ask(url: str, token: str) -> Any:  # whatever JSON the API sends
    headers = {"Authorization": f"token {token}"}
    answer = requests.get(url, headers=headers, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()


def _blanked(record: Json) -> Json:
    files = [file | dict.fromkeys(SECRETS) for file in record.get("files", [])]
    return record | {"files": files}
