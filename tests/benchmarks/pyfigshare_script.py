"""pyfigshare at work, in the virtual environment that has it.

Its functions `upload` and `download` know one address only, so this does what they
do with the class they use, whose `baseurl` is an attribute: find or make the item,
look at its files, upload; or list the files and download.  One method is replaced:
it takes the files of an item from its record, which shows the first ten of them.
It prints the seconds that this took, without the start of Python.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from loguru import logger
from pyfigshare.figshare import Figshare


class AllFiles(Figshare):
    """pyfigshare that fetches every file of an item, not the first ten."""

    def list_files(self, article_id, version=None, private=None, show=True):
        """Return the files by the call that is for that; the arguments are its own."""
        del version, private, show
        private = "account/" if self.private else ""
        url = f"{private}articles/{article_id}/files?page_size=1000"
        return self.issue_request("GET", url)


def upload(fs, title, folder, at_once):
    """Send the files of a folder up as `pyfigshare.upload` does."""
    found = fs.search_articles(title=title)
    # It names a category by default; which ones there are is a matter of the server.
    new = {"title": title, "categories_by_source_id": []}
    item = found[0]["id"] if found else fs.create_article(**new)
    fs.check_files(item)
    if at_once > 1:
        # As with its command line: files at once are those of a folder given whole.
        fs.upload(item, str(folder), file_workers=at_once)
        return
    for path in sorted(folder.iterdir()):
        fs.upload(item, str(path), file_workers=at_once)


def main(way, api, token, name, folder, *at_once):
    """Do the work with so many files, and parts of a file, *at_once*."""
    logger.remove()
    is_up = way == "up"
    files, parts = map(int, at_once)
    fs = AllFiles(token=token, private=is_up, upload_workers=parts)
    fs.baseurl = f"{api}/{{endpoint}}"
    began = time.perf_counter()
    if is_up:
        upload(fs, name, Path(folder), files)
    else:
        fs.download_article(name, outdir=folder, cpu=files)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
