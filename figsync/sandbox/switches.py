"""Everything of the sandbox that can be made to behave worse than usual."""

from dataclasses import asdict, dataclass, fields

from figsync.sandbox.errors import wrong
from figsync.sandbox.rows import Json


@dataclass(slots=True)
class Switches:
    """Faults and habits, harmless unless set; a change works from the next request.

    Attributes are read once per use, so setting one from any thread is safe.
    """

    # Delays, in seconds; those of processing also pass by being read.
    api_latency: float = 0.0
    upload_latency: float = 0.0
    storage_latency: float = 0.0
    status_seconds: float = 0.05
    status_reads: int = 1
    search_seconds: float = 0.05
    search_reads: int = 1
    publish_seconds: float = 0.05
    publish_reads: int = 1
    link_seconds: int = 10
    md5_delay: float = 0.0
    short_body_seconds: float = 0.0

    # Limits; 0 is no limit.
    quota: int = 20 * 10**9
    maximum_file_size: int = 0
    files_per_item: int = 0
    rate_limit: float = 0.0
    retry_after: int = 0
    cap_private_lists: bool = False

    # Which status a refusal has, where reports about Figshare disagree.
    bad_token_status: int = 403
    foreign_item_status: int = 404
    category_refusal_status: int = 400
    room_refusal_status: int = 400

    # Habits of records and lists.
    light_dates: bool = True
    record_files: bool = True
    active_as_int: bool = False
    uuid_ids: bool = False
    etags: bool = False
    files_touch_item: bool = True
    keep_folders: bool = True
    review_publications: bool = False
    downloader_direct: bool = False

    # Habits of zips, of which the real ones are not documented.
    zip_by_storage: bool = False
    zip_top: bool = False
    zip_renamed: bool = False
    zip_packed: bool = False

    # Faults of the API.
    html_403: bool = False
    empty_body: bool = False
    short_page: int = 0
    cut_lists: int = 0
    initiate_404: int = 0
    stuck_moving: bool = False
    md5_never: bool = False

    # Faults of uploads.
    lock_parts: bool = False
    flip_part_byte: bool = False
    abort_sessions: bool = False
    lose_sessions: bool = False

    # Faults of downloads.
    corrupt_download: bool = False
    truncate_download: bool = False
    break_download: bool = False
    expired_links: bool = False
    refuse_downloads: bool = False
    waf_downloads: int = 0
    zip_lacking: bool = False

    def as_json(self) -> Json:
        """Return every switch by name."""
        return asdict(self)

    def update(self, values: Json) -> None:
        """Set the named switches, all or none; an unknown name or type is refused."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise wrong(f"There is no switch {name!r}")
            if not _fits(value, known[name]):
                raise wrong(f"{value!r} does not fit the switch {name}")
        for name, value in values.items():
            setattr(self, name, value)


def _fits(value: object, present: object) -> bool:
    if isinstance(present, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(present, bool)
    if isinstance(present, float):
        return isinstance(value, (int, float))
    return isinstance(value, int)
