"""Marks that fade, in a real Redis."""

from redis import Redis

from backend.queue.keys import Keys
from backend.queue.marks import FadingMarks, FadingWord
from tests.support.waiting import until

URL = "http://label-studio.example"


def test_a_mark_is_there_for_all_until_it_fades(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        FadingMarks(redis, Keys(URL), "kind").mark("name", seconds=1)
        assert FadingMarks(redis, Keys(URL), "kind").is_marked("name")
        assert not FadingMarks(redis, Keys(URL), "kind").is_marked("other name")
        assert not FadingMarks(redis, Keys(URL), "other kind").is_marked("name")
        until(lambda: not FadingMarks(redis, Keys(URL), "kind").is_marked("name"), "the mark to fade")


def test_what_is_forgotten_is_neither_marked_nor_counted(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        marks = FadingMarks(redis, Keys(URL), "kind")
        marks.mark("name", seconds=60)
        assert [marks.count("name", seconds=60) for _ in range(3)] == [0, 1, 2]
        assert marks.count("other name", seconds=60) == 0
        marks.forget("name")
        assert not marks.is_marked("name")
        assert marks.count("name", seconds=60) == 0


def test_without_redis_nothing_is_marked() -> None:
    marks = FadingMarks(Redis.from_url("redis://127.0.0.1:9"), Keys(URL), "kind")
    marks.mark("name", seconds=1)
    marks.forget("name")
    assert not marks.is_marked("name")
    assert marks.count("name", seconds=1) == 0


def test_a_word_is_there_for_all_until_it_fades(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        FadingWord(redis, Keys(URL), "word").keep("été", seconds=1)
        assert FadingWord(redis, Keys(URL), "word").recall() == "été"
        assert FadingWord(redis, Keys(URL), "other word").recall() is None
        until(lambda: FadingWord(redis, Keys(URL), "word").recall() is None, "the word to fade")


def test_without_redis_no_word_is_kept() -> None:
    word = FadingWord(Redis.from_url("redis://127.0.0.1:9"), Keys(URL), "word")
    word.keep("name", seconds=1)
    assert word.recall() is None
