"""Cutting a job's output into log lines."""

from hypothesis import given
from hypothesis import strategies as st

from dlc_batch.local.log_lines import LONGEST_LINE, PROGRESS_EVERY_S, LogLines

text = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=50)


@given(lines=st.lists(text, max_size=10), size=st.integers(1, 7))
def test_lines_come_out_whole_however_the_output_arrives(lines, size):
    data = "".join(f"{line}\n" for line in lines).encode()
    cutter = LogLines(0)
    got = []
    for start in range(0, len(data), size):
        got += cutter.feed(data[start : start + size], 0)
    assert got + cutter.close() == lines


def test_what_has_no_newline_at_the_end_is_not_lost():
    cutter = LogLines(0)
    assert cutter.feed(b"one\ntwo", 0) == ["one"]
    assert cutter.close() == ["two"]
    assert cutter.close() == []


def test_a_windows_line_end_is_one_line_end():
    assert LogLines(0).feed(b"one\r\ntwo\r\n", 0) == ["one", "two"]


def test_of_a_progress_bar_the_last_state_is_logged_and_one_now_and_then():
    cutter = LogLines(0)
    for percent in range(100):
        assert cutter.feed(b"\r%d%%" % percent, 1) == []
    assert cutter.feed(b"\r100%", PROGRESS_EVERY_S + 1) == ["100%"]
    assert cutter.feed(b"\r100% done\nnext\n", PROGRESS_EVERY_S + 2) == ["100% done", "next"]


def test_an_endless_line_is_cut_and_not_kept():
    cutter = LogLines(0)
    lines = cutter.feed(b"x" * (3 * LONGEST_LINE + 1), 0) + cutter.close()
    assert [len(line) for line in lines] == [LONGEST_LINE] * 3 + [1]
    for _ in range(100):
        cutter.feed(b"\r" + b"y" * LONGEST_LINE, 0)
    assert sum(map(len, cutter.close())) <= LONGEST_LINE


def test_bytes_that_are_no_text_do_not_stop_the_log():
    assert LogLines(0).feed(b"\xff\xfe\n", 0) == ["\N{REPLACEMENT CHARACTER}" * 2]
