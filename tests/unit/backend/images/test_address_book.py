"""What Label Studio calls itself: whom that is learned from, and when."""

from ipaddress import ip_network

import pytest

from backend.images.address_book import AddressBook
from backend.images.addresses import FromLabelStudio, FromTheWeb
from backend.images.fetcher import ImageFetcher
from backend.label_studio.client import LabelStudio
from tests.unit.backend.images.host import LIMIT, NOBODY, Host

NAME = "https://labels.example.com/ls"
PAGE = f'<head><link href="{NAME}/static/css/main.9be72.css" rel="stylesheet"/></head>'
LOGIN = "/user/login/"


@pytest.fixture
def book(label_studio: Host) -> AddressBook:
    label_studio.pages[LOGIN] = PAGE.encode()
    return AddressBook(LabelStudio(label_studio.url, "token"))


@pytest.mark.fault("R2")
@pytest.mark.parametrize("path", ["/data/local-files/?d=a.png", "/data/upload/1/a.png"])
def test_an_unknown_name_is_learned_from_label_studio(book: AddressBook, path: str) -> None:
    assert book.canonical(NAME + path, 1) == path
    source = book.source(NAME + path, 1)
    assert source == FromLabelStudio(path) or getattr(source, "otherwise", None) == FromLabelStudio(path)


def test_label_studio_is_asked_once(book: AddressBook, label_studio: Host) -> None:
    for number in range(9):
        book.source(f"https://other{number}.example.com/data/upload/1/a.png", 1)
    assert [path for path, _ in label_studio.asked] == [LOGIN]


class Kept:
    """What one process told the others."""

    word: str | None = None

    def keep(self, word: str, seconds: int) -> None:
        assert seconds > 0
        self.word = word

    def recall(self) -> str | None:
        return self.word


@pytest.mark.fault("R2")
def test_what_one_process_learned_the_next_one_knows(label_studio: Host) -> None:
    label_studio.pages[LOGIN] = PAGE.encode()
    client, kept = LabelStudio(label_studio.url, "token"), Kept()
    for _ in range(3):
        book = AddressBook(client, memory=kept)
        assert book.canonical(f"{NAME}/data/upload/1/a.png", 1) == "/data/upload/1/a.png"
    assert [path for path, _ in label_studio.asked] == [LOGIN]


@pytest.mark.parametrize("address", ["https://x.example/a.png", "/data/upload/1/a.png", "s3://b/a.png", "words"])
def test_nobody_is_asked_about_an_address_that_does_not_look_like_label_studios(
    book: AddressBook, label_studio: Host, address: str
) -> None:
    book.source(address, 1)
    assert label_studio.asked == []


def test_another_name_than_its_own_stays_a_strangers(book: AddressBook) -> None:
    assert isinstance(book.source("https://other.example.com/data/upload/1/a.png", 1), FromTheWeb)


def test_a_label_studio_that_is_away_teaches_nothing() -> None:
    book = AddressBook(LabelStudio(NOBODY, "token"))
    assert isinstance(book.source(f"{NAME}/data/upload/1/a.png", 1), FromTheWeb)


@pytest.mark.fault("R2")
def test_under_another_name_label_studio_is_asked_at_its_address(label_studio: Host, foreign: Host) -> None:
    client = LabelStudio(label_studio.url, "token")
    book = AddressBook(client, [f"{foreign.url}/ls"])
    fetcher = ImageFetcher(client, LIMIT, 30.0, addresses=book, allow_private=(ip_network("127.0.0.0/8"),))
    assert fetcher.fetch(f"{foreign.url}/ls/data/upload/1/a.png", 1) == b"content"
    assert (label_studio.asked, foreign.asked) == ([("/data/upload/1/a.png", "Token token")], [])
    assert fetcher.fetch(f"{foreign.url}/a.png", 1) == b"content"
    assert foreign.asked == [("/a.png", None)]
