import dataclasses
import io

from terrakin.views.table import plain_table, print_table


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_plain_table_is_written_to_the_letter(ranking):
    two = dataclasses.replace(ranking, hits=(ranking.hits[0], ranking.hits[3]))
    assert plain_table(two) == (
        "rank  distance  id                                            labels       date\n"
        "   1    0.0000  scenes/S2_T32TMT_20240501/crop_00.tif#0,0,256,256    harbor       2024-05-01\n"
        "   4    0.0375  scenes/S2_T32TMT_20240501/crop_03.tif#768,0,256,256  field, road  2024-05-04\n"
    ).replace("id   ", "id" + " " * 10, 1)


def test_a_file_gets_the_plain_form(ranking):
    stream = io.StringIO()
    print_table(ranking, stream)
    assert stream.getvalue() == plain_table(ranking)


def test_a_terminal_gets_colours_and_what_was_asked(ranking, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "140")
    stream = Terminal()
    print_table(ranking, stream)
    drawn = stream.getvalue()
    assert "\x1b[1m" in drawn
    assert "demo.tk · cosine, 4 dimensions · where cloud < 0.9" in drawn


def test_strangers_text_cannot_steer_a_terminal(ranking, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    stream = Terminal()
    print_table(ranking, stream)
    for drawn in (stream.getvalue(), plain_table(ranking)):
        assert "\x1b[31m" not in drawn
        assert "\\x1b[31m" in drawn.replace("\n", "")
    assert plain_table(ranking).count("\n") == 9
