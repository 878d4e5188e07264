"""The table of addresses: what each means, and that all spellings of one image have one key.

What a real Label Studio makes of them is tried in tests/integration/test_addresses.py.
"""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.images.addresses import (
    AddressReader,
    FromDisk,
    FromLabelStudio,
    FromTheWeb,
    Inline,
    Nowhere,
    Source,
)

TASK = 7

PLAIN = ("http://127.0.0.1:8190",)
PUBLIC = ("http://label-studio:8080", "https://labels.example.com")
BELOW = ("http://127.0.0.1:8190/label-studio",)
BELOW_PUBLIC = ("http://label-studio:8080", "https://www.example.com/label-studio/", "http://10.0.0.5:8080")
BELOW_DATA = ("https://www.example.com/data",)


def encoded(address: str) -> str:
    return base64.urlsafe_b64encode(address.encode()).decode()


def ours(path: str) -> tuple[Source, str]:
    """Label Studio's own: the key is the path."""
    return FromLabelStudio(path), path


def file(path: str, spelled: str | None = None) -> tuple[Source, str]:
    """Of the document root."""
    key = f"/data/local-files/?d={spelled or path}"
    return FromDisk(path, FromLabelStudio(key)), key


def cloud(address: str) -> tuple[Source, str]:
    """Label Studio resolves it with the task's storages: the key is the cloud's own address."""
    return FromLabelStudio(f"/tasks/{TASK}/resolve/?fileuri={encoded(address)}"), address


def web(url: str) -> tuple[Source, str]:
    """A stranger's."""
    return FromTheWeb(url), url


def inline(address: str) -> tuple[Source, str]:
    return Inline(address), address


UPLOAD = "/data/upload/1/a.png"
CAT = "s3://shots/кот.png"
IDN = "http://xn--j1aim.example/a.png"

TABLE: list[Any] = [
    # Label Studio's own paths.
    (PLAIN, UPLOAD, *ours(UPLOAD)),
    (PLAIN, "http://127.0.0.1:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "HTTP://127.0.0.1:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "https://127.0.0.1:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "http://localhost:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "http://LOCALHOST.:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "http://[::1]:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "//127.0.0.1:8190/data/upload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "\\data\\upload\\1\\a.png", *ours(UPLOAD)),
    (PLAIN, " \t/data/upload/1/a.png\n", *ours(UPLOAD)),
    (PLAIN, "/data/up\nload/1/a.png", *ours(UPLOAD)),
    (PLAIN, "/data/upload/1/a.png#top", *ours(UPLOAD)),
    (PLAIN, "/data/upload/1/../1/./a.png", *ours(UPLOAD)),
    (PLAIN, "/data/upload/1/%2e%2E/1/a.png", *ours(UPLOAD)),
    (PLAIN, "/data/upload/1/%61.png", *ours(UPLOAD)),
    (PLAIN, "/data/upload/1/a b.png", *ours("/data/upload/1/a%20b.png")),
    (PLAIN, "/data/upload/1/ä+(1).png", *ours("/data/upload/1/%C3%A4%2B%281%29.png")),
    (PLAIN, "/data/upload/1/%c3%a4%2b%281%29.png", *ours("/data/upload/1/%C3%A4%2B%281%29.png")),
    (PLAIN, "/data/upload/1/100%.png", *ours("/data/upload/1/100%25.png")),
    (PLAIN, "/storage-data/uploaded/?filepath=a.png", *ours("/storage-data/uploaded/?filepath=a.png")),
    # Under other names.
    (PUBLIC, "https://labels.example.com/data/upload/1/a.png", *ours(UPLOAD)),
    (PUBLIC, "https://labels.example.com:443/data/upload/1/a.png", *ours(UPLOAD)),
    (PUBLIC, "http://labels.example.com/data/upload/1/a.png", *ours(UPLOAD)),
    (PUBLIC, "https://Labels.Example.COM./data/upload/1/a.png", *ours(UPLOAD)),
    (PUBLIC, "http://label-studio:8080/data/upload/1/a.png", *ours(UPLOAD)),
    (PUBLIC, "https://labels.example.com/data/local-files/?d=a/b.png", *file("a/b.png")),
    (PUBLIC, "https://labels.example.com:8443/a.png", *web("https://labels.example.com:8443/a.png")),
    (PUBLIC, "https://other.example.com/data/upload/1/a.png", *web("https://other.example.com/data/upload/1/a.png")),
    (PUBLIC, "https://labels.example.com.evil.example/a.png", *web("https://labels.example.com.evil.example/a.png")),
    (PUBLIC, "https://labels.example.com@evil.example/a.png", *web("https://labels.example.com@evil.example/a.png")),
    (PUBLIC, "https://evil.example\\@labels.example.com/a.png", *web("https://evil.example/@labels.example.com/a.png")),
    (PUBLIC, "https://evil.example/?https://labels.example.com/a", *web("https://evil.example/?https://labels.example.com/a")),
    # Below a sub-path.
    (BELOW, UPLOAD, *ours(UPLOAD)),
    (BELOW, "/label-studio/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW, "/label%2Dstudio/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW, "http://127.0.0.1:8190/label-studio/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW, "/label-studio/data/local-files/?d=a.png", *file("a.png")),
    (BELOW, "http://127.0.0.1:8190/other/a.png", *web("http://127.0.0.1:8190/other/a.png")),
    (BELOW, "http://127.0.0.1:8190/label-studio-2/a.png", *web("http://127.0.0.1:8190/label-studio-2/a.png")),
    (BELOW, "http://127.0.0.1:8190/label-studio/../other/a.png", *web("http://127.0.0.1:8190/other/a.png")),
    (BELOW, "http://127.0.0.1:8190/label-studio/x%2F..%2F..%2Fother/a.png", *ours("/other/a.png")),
    (BELOW, "/label-studio//evil.example/a.png", *ours("/evil.example/a.png")),
    (BELOW_PUBLIC, "/label-studio/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW_PUBLIC, "https://www.example.com/label-studio/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW_PUBLIC, "http://10.0.0.5:8080/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW_PUBLIC, "https://www.example.com/a.png", *web("https://www.example.com/a.png")),
    (BELOW_DATA, "/data/data/upload/1/a.png", *ours(UPLOAD)),
    (BELOW_DATA, UPLOAD, *ours(UPLOAD)),
    # Local files.
    (PLAIN, "/data/local-files/?d=a/b.png", *file("a/b.png")),
    (PLAIN, "/data/local-files?d=a/b.png", *file("a/b.png")),
    (PLAIN, "/data/local-files/?d=%61%2Fb.png", *file("a/b.png")),
    (PLAIN, "/data/local-files/?d=/a//x/../b.png&v=2", *file("a/b.png")),
    (PLAIN, "/data/local-files/?d=a+b%20c.png", *file("a b c.png", "a%20b%20c.png")),
    (PLAIN, "/data/local-files/?d=кот.png", *file("кот.png", "%D0%BA%D0%BE%D1%82.png")),
    (PLAIN, "/data/local-files/?d=100%2525.png", *file("100%25.png", "100%2525.png")),
    (PLAIN, "http://localhost:8190/data/local-files/?d=a%2Bb.png", *file("a+b.png", "a%2Bb.png")),
    (PLAIN, "/data/local-files/?d=../../etc/passwd", *file("../../etc/passwd")),
    (PLAIN, "/data/local-files/", *ours("/data/local-files/")),
    # Clouds.
    (PLAIN, CAT, *cloud(CAT)),
    (PLAIN, f" {CAT} ", *cloud(CAT)),
    (PLAIN, "S3://shots/кот.png", *cloud(CAT)),
    (PLAIN, f"/tasks/7/resolve/?fileuri={encoded(CAT)}", *cloud(CAT)),
    (PLAIN, f"/tasks/7/presign/?fileuri={encoded(CAT)}", *cloud(CAT)),
    (PUBLIC, f"https://labels.example.com/tasks/7/resolve/?fileuri={encoded(CAT)}", *cloud(CAT)),
    (BELOW, f"/label-studio/tasks/7/resolve/?fileuri={encoded(CAT)}", *cloud(CAT)),
    (PLAIN, f"https://unknown.example/ls/tasks/7/resolve/?fileuri={encoded(CAT)}", *cloud(CAT)),
    (PLAIN, "/tasks/7/resolve/?fileuri=s3%3A//shots/%D0%BA%D0%BE%D1%82.png", *cloud(CAT)),
    (PLAIN, "s3://shots/a b+c%20d?e#f.png", *cloud("s3://shots/a b+c%20d?e#f.png")),
    (PLAIN, "gs://shots/a.png", *cloud("gs://shots/a.png")),
    (PLAIN, "azure-blob://shots/a.png", *cloud("azure-blob://shots/a.png")),
    (PLAIN, "s3s://shots/a.png", *cloud("s3s://shots/a.png")),
    (PLAIN, f"/tasks/8/resolve/?fileuri={encoded('s3://b/a')}", *ours(f"/tasks/8/resolve/?fileuri={encoded('s3://b/a')}")),
    (PLAIN, f"/tasks/7/resolve/?fileuri={encoded('http://b/a')}", *ours(f"/tasks/7/resolve/?fileuri={encoded('http://b/a')}")),
    # Anybody's.
    (PLAIN, "http://images.example/a.png", *web("http://images.example/a.png")),
    (PLAIN, "HTTP://Images.Example:80/a.png#top", *web("http://images.example/a.png")),
    (PLAIN, "https://images.example.:443/a.png", *web("https://images.example/a.png")),
    (PLAIN, "http://images.example:8080/%7Ea/./b/../c d.png", *web("http://images.example:8080/~a/c%20d.png")),
    (PLAIN, "//images.example/a.png", *web("http://images.example/a.png")),
    (BELOW_DATA, "//images.example/a.png", *web("https://images.example/a.png")),
    (PLAIN, "http:\\\\images.example\\a.png", *web("http://images.example/a.png")),
    (PLAIN, "http://images.example", *web("http://images.example/")),
    (PLAIN, "http://images.example?a=%2f&b=%e4", *web("http://images.example/?a=%2F&b=%E4")),
    (PLAIN, "http://кот.example/a.png", *web(IDN)),
    (PLAIN, "http://XN--J1AIM.example/a.png", *web(IDN)),
    (PLAIN, "http://[2001:DB8::1]:8080/a.png", *web("http://[2001:db8::1]:8080/a.png")),
    (PLAIN, "https://user:word@images.example/a.png", *web("https://user:word@images.example/a.png")),
    (PLAIN, "data:image/png;base64,AAAA", *inline("data:image/png;base64,AAAA")),
    (PLAIN, " DATA:,a b#c", *inline("DATA:,a b#c")),
]  # fmt: skip

NOTHING = [
    "",
    "words",
    "a.png",
    "?d=a.png",
    "ftp://images.example/a.png",
    "file:///etc/hostname",
    "javascript:alert(1)",
    "http:a.png",
    "http:///a.png",
    "http://",
    "//",
    "http://[::1/a.png",
    "http://images.example:99999/a.png",
    "http://a b/c.png",
    "\ud800",
]

MARKS = {PUBLIC: "R2", BELOW: "R4", BELOW_PUBLIC: "R4", BELOW_DATA: "R4"}


def row(names: tuple[str, ...], address: str, source: Source, key: str) -> Any:
    fault = "R8" if "fileuri" in address or "fileuri" in str(source) else MARKS.get(names)
    return pytest.param(names, address, source, key, marks=[pytest.mark.fault(fault)] if fault else [])


@pytest.mark.parametrize(("names", "address", "source", "key"), [row(*each) for each in TABLE])
def test_an_address_means_what_a_browser_on_label_studios_page_makes_of_it(
    names: tuple[str, ...], address: str, source: Source, key: str
) -> None:
    reader = AddressReader.of(names)
    assert reader.source(address, TASK) == source
    assert reader.canonical(address, TASK) == key


@pytest.mark.parametrize(("names", "address", "source", "key"), [row(*each) for each in TABLE])
def test_an_address_in_its_one_spelling_means_the_same(
    names: tuple[str, ...], address: str, source: Source, key: str
) -> None:
    reader = AddressReader.of(names)
    assert reader.source(key, TASK) == source
    assert reader.canonical(key, TASK) == key


def test_the_table_is_long_enough_to_tell() -> None:
    assert len({(names, address) for names, address, _, _ in TABLE}) >= 60


@pytest.mark.parametrize("address", NOTHING)
def test_what_no_browser_can_fetch_means_nothing_and_stays_as_it_is(address: str) -> None:
    reader = AddressReader.of(PLAIN)
    assert isinstance(reader.source(address, TASK), Nowhere)
    assert reader.canonical(address, TASK) == address


@pytest.mark.parametrize("name", ["", "labels.example.com", "ftp://labels.example.com", "http://", "http://a b"])
def test_a_name_of_label_studio_is_a_whole_address(name: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        AddressReader.of([name])


PARTS = """http: https: s3: data: // / \\ .. . %2e %2F %3 6 @ : 8190 ? # d= & 127.0.0.1:8190 labels.example.com a.png
label-studio data/upload/1 /data/local-files/ /tasks/7/resolve/ fileuri= [::1] ä % %zz %ff %25"""
TEXTS = st.lists(st.sampled_from([*PARTS.split(), " ", "\t", "\0", "\ud800"]), max_size=9).map("".join)


@given(st.sampled_from([PLAIN, PUBLIC, BELOW, BELOW_PUBLIC, BELOW_DATA]), TEXTS)
def test_any_text_is_read_and_its_spelling_is_read_alike(names: tuple[str, ...], address: str) -> None:
    reader = AddressReader.of(names)
    key = reader.canonical(address, TASK)
    assert reader.canonical(key, TASK) == key
    assert reader.source(key, TASK) == reader.source(address, TASK)


@given(st.sampled_from([PLAIN, BELOW, BELOW_PUBLIC]), TEXTS)
def test_what_is_asked_of_label_studio_lies_below_its_address(names: tuple[str, ...], address: str) -> None:
    source = AddressReader.of(names).source(address, TASK)
    if isinstance(source, FromDisk):
        source = source.otherwise
    if isinstance(source, FromLabelStudio):
        path = source.path.partition("?")[0]
        assert path.startswith("/")
        assert not path.startswith("//")
        assert not {"..", "."} & set(path.split("/"))
        assert path.isascii()
