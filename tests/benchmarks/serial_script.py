"""The upload example of Figshare's documentation as a plain serial loop.

For each file: initiate, read the record, read the session, send the parts one after
the other, complete.  And the loop back: list the files, fetch one after the other.
It prints the seconds that its loop took, without the start of Python.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import requests

CHUNK = 1 << 20


def issue(session, method, url, body=None):
    """Make one call and return its JSON, or None if it has no body."""
    data = json.dumps(body) if body is not None else None
    reply = session.request(method, url, data=data)
    reply.raise_for_status()
    return json.loads(reply.content) if reply.content else None


def upload_all(session, api, title, paths):
    """Make an item and send every file into it."""
    made = issue(session, "POST", f"{api}/account/articles", {"title": title})
    item = issue(session, "GET", made["location"])["id"]
    for path in paths:
        upload(session, f"{api}/account/articles/{item}/files", path)


def upload(session, files_url, path):
    """Send one file in the four documented steps."""
    md5 = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            md5.update(chunk)
    told = {"name": path.name, "md5": md5.hexdigest(), "size": path.stat().st_size}
    location = issue(session, "POST", files_url, told)["location"]
    record = issue(session, "GET", location)
    with path.open("rb") as stream:
        for part in issue(session, "GET", record["upload_url"])["parts"]:
            stream.seek(part["startOffset"])
            content = stream.read(part["endOffset"] - part["startOffset"] + 1)
            url = f"{record['upload_url']}/{part['partNo']}"
            session.put(url, data=content).raise_for_status()
    issue(session, "POST", location)


def download_all(session, api, item, folder):
    """Fetch every file of an item."""
    url = f"{api}/account/articles/{item}/files?page_size=1000"
    for record in issue(session, "GET", url):
        source = f"{api}/file/download/{record['id']}"
        with session.get(source, stream=True) as reply:
            reply.raise_for_status()
            with (folder / record["name"]).open("wb") as target:
                for chunk in reply.iter_content(CHUNK):
                    target.write(chunk)


def main(way, api, token, name, folder):
    """Send the files of *folder* up as an item, or fetch those of an item into it."""
    place = Path(folder)
    with requests.Session() as session:
        session.headers["Authorization"] = f"token {token}"
        began = time.perf_counter()
        if way == "up":
            upload_all(session, api, name, sorted(place.iterdir()))
        else:
            download_all(session, api, name, place)
        print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
