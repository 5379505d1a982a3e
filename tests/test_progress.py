"""Progress bars."""

import io
import time

from terrakin.progress import bar, hidden, silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with bar("Indexing", unit="chips", quiet=False, stream=stream) as progress:
        progress(5, 10)
    assert stream.getvalue() == ""
    assert progress is silent


def test_nothing_is_drawn_when_quiet() -> None:
    stream = Terminal()
    with bar("Indexing", unit="chips", quiet=True, stream=stream) as progress:
        progress(5, 10)
    assert stream.getvalue() == ""


def test_a_terminal_sees_words_and_counts() -> None:
    stream = Terminal()
    with bar("Indexing", unit="chips", quiet=False, stream=stream) as progress:
        progress(5, 10)
        progress(7, 10)
    assert "Indexing" in stream.getvalue()
    assert "7/10" in stream.getvalue()


def test_a_note_stands_beside_the_counts() -> None:
    stream = Terminal()
    with bar("Training", unit="steps", quiet=False, stream=stream) as progress:
        progress(5, 10)
        progress(7, 10, "loss 0.123, mAP 0.456")
    assert "loss 0.123, mAP 0.456" in stream.getvalue()


def test_what_comes_after_has_a_count_and_a_rate_of_its_own() -> None:
    stream = Terminal()
    with bar("Indexing", unit="chips", quiet=False, stream=stream) as progress:
        progress(0, 10)
        progress(10, 10)
        progress(0, None, "fitting")
        time.sleep(0.001)
        progress(2, 8, "steps of dhn")
    last = stream.getvalue().rsplit("steps of dhn", 1)[0].rsplit("2/8", 1)[1]
    assert "/s" in last
    assert "chips" not in last


def test_a_stage_can_be_hidden() -> None:
    with hidden("Training", "steps") as progress:
        progress(5, 10, "loss 0.123")
    assert progress is silent
