"""Changes of settings, label tables and images that know their lines, cells and fields."""

from __future__ import annotations

import csv
import io
from random import Random

_SCALARS = (
    *("null", "~", "", "[]", "{}", "0", "-1", "1e999", ".inf", ".nan", "0.955", "true", "yes"),
    *("2019-11-01", "2019-13-45", "12:30:45", "0o17", "0x" + "f" * 40, "9" * 30, "1_000", "=1"),
    *('"\\ud800"', '"\\x00"', "'", '"', "MULTI!", "single", "../../x", "C:\\a\\b", "a/b", "\\"),
    *("&a [*a]", "*a", "&a {x: *a}", "<<: *a", "!!python/object/apply:os.getcwd []", "!x y"),
    *("!!binary aGk=", "!!set {a, b}", "!!omap [a: 1]", "!!timestamp 1", "!!float x", "!!int"),
    *("[[[[[[[[[[[[", "{a: {b: {c: {d: 1}}}}", "? a", "- a", "|\n  x", ">-", "%YAML 9.9", "---"),
    *("[a, a]", "[1, 2.5, null, [x]]", "{1: 2}", "{[1]: 2}", "tensorflow", "PyTorch", "resnet_9"),
    *("ä", "\u202e", "\ufeff", "\u2028", "x" * 3000, "0.5", "[0.5]", "[1]", "top_down_resnet_50"),
)
_LINES = (
    *("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "<<: {scorer: x}", "? [a]\n: b", "...", "---"),
    *("num_cameras: 2", "Task: twice", "1: 2", "\tx: 1", "!!python/name:os.system : 1", "- a"),
    *("video_sets_original: {}", "identity: true", "multianimalproject: true", "x: 'open", "\0"),
    *("bodyparts: MULTI!", "uniquebodyparts: [c]", "camera_names: 3", "{", "# note", "%TAG ! x"),
    *("cameras: {names: [a, b]}", "  offsets: auto", "  names: [one, one]", "triangulate: false"),
)
_CELLS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "1e999", "-1", "0", "1e-400", "0x10", "1_0", "1,5"),
    *("1.5.2", "٣", "½", "x", "=cmd()", '"', 'a"b', "a\nb", "a,b", "\0", "\ufeff", "9" * 400),
    *("labeled-data/one/img0.png", "labeled-data\\one\\img1.png", "../../img0.png", "/img0.png"),
    *("labeled-data/two/img0.png", "img0.png", "labeled-data", "one", "IMG0.PNG", "C:\\img0.png"),
    *("scorer", "individuals", "bodyparts", "coords", "x", "y", "likelihood", "snout", "single"),
    *("ada", "bob", "mouse1", "x" * 140_000, "\ud7ff", "\u0000", "🐁", "1" + "0" * 40, "+5", "5 "),
)
_CODINGS = ("utf-16", "utf-8-sig", "utf-32", "latin-1", "utf-7", "cp1252")


def mutate_yaml(data: bytes, dice: Random) -> bytes:
    """Return a YAML file with one line or value changed."""
    lines = data.decode("utf-8", "replace").split("\n")
    at = dice.randrange(len(lines))
    key, colon, _ = lines[at].partition(":")
    match dice.randrange(12):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, dice.choice(lines))
        case 2:
            lines.insert(at, dice.choice(_LINES))
        case 3:
            lines[at] = dice.choice((" ", "  ", "\t", "- ", "? ")) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip(" -")
        case 5:
            dice.shuffle(lines)
        case 6:
            return _damaged_text(data, dice)
        case 7:
            lines[at] = f"{dice.choice(_SCALARS)}{colon}{lines[at][len(key) + 1 :]}"
        case _:
            lines[at] = f"{key}{colon} {dice.choice(_SCALARS)}" if colon else dice.choice(_SCALARS)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def mutate_csv(data: bytes, dice: Random) -> bytes:
    """Return a label table with cells, rows or columns changed."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline="")))
    except csv.Error:
        return _damaged_text(data, dice)
    if not rows or not any(rows):
        return dice.choice((b"scorer", b",,,", b"\n\n", b"\xef\xbb\xbf"))
    change = dice.choices((_cell, _row, _column, _head, _dialect), (10, 4, 3, 3, 2))[0]
    return change(rows, dice)


def _cell(rows: list[list[str]], dice: Random) -> bytes:
    row = dice.choice([row for row in rows if row])
    row[dice.randrange(len(row))] = dice.choice(_CELLS)
    return _table(rows)


def _row(rows: list[list[str]], dice: Random) -> bytes:
    at = dice.randrange(len(rows))
    match dice.randrange(6):
        case 0:
            del rows[at]
        case 1:
            rows.insert(dice.randrange(len(rows)), list(rows[at]))
        case 2:
            rows[at] = rows[at][: dice.randrange(len(rows[at]) + 1)]
        case 3:
            rows[at] += [dice.choice(_CELLS) for _ in range(dice.randrange(1, 5))]
        case 4:
            dice.shuffle(rows)
        case _:
            rows[at] = [dice.choice(_CELLS)] * len(rows[at])
    return _table(rows)


def _column(rows: list[list[str]], dice: Random) -> bytes:
    at, other = (dice.randrange(max(map(len, rows))) for _ in "ab")
    match dice.randrange(3):
        case 0:
            changed = [row[:at] + row[at + 1 :] for row in rows]
        case 1:
            changed = [[*row[:at], *row[other : other + 2], *row[at:]] for row in rows]
        case _:
            changed = [["", "", *row] if n < 3 else row for n, row in enumerate(rows)]
    return _table(changed)


def _head(rows: list[list[str]], dice: Random) -> bytes:
    """Change the index of every row, or a header row as a whole."""
    if dice.random() < 0.5:
        row = dice.choice(rows[:4])
        row[1:] = [dice.choice((*_CELLS[:6], "x", "y", "snout", "ada", "single")) for _ in row[1:]]
        return _table(rows)
    old, new = dice.choice((("/", "\\"), ("labeled-data/one/", ""), ("one/", "Two/"), ("/", "//")))
    return _table([[row[0].replace(old, new), *row[1:]] if row else row for row in rows])


def _dialect(rows: list[list[str]], dice: Random) -> bytes:
    target = io.StringIO(newline="")
    quoting = dice.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    comma, end = dice.choice(",;\t|"), dice.choice(("\r\n", "\r", "\n\n"))
    csv.writer(target, delimiter=comma, lineterminator=end, quoting=quoting).writerows(rows)
    text = target.getvalue()
    if dice.random() < 0.5:
        return text.encode(dice.choice(_CODINGS), "replace")
    return _damaged_text(text.encode(), dice)


def _table(rows: list[list[str]]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue().encode("utf-8", "surrogatepass")


def _damaged_text(data: bytes, dice: Random) -> bytes:
    at = dice.randint(0, len(data))
    stuff = dice.choice((b"\0", b"\xff", b'"', b"\xed\xa0\x80", b"\r", b"\x85", b"'", b"\t", b"{"))
    text = data.decode("utf-8", "replace")
    return dice.choice((
        data[:at],
        data[:at] + stuff + data[at:],
        data[:at] + stuff * 1000,
        text.encode(dice.choice(_CODINGS), "replace"),
    ))  # fmt: skip


def mutate_image(data: bytes, dice: Random) -> bytes:
    """Return an image whose first bytes are changed: lengths, sizes, markers, offsets."""
    head = bytearray(data)
    for _ in range(dice.choice((1, 2, 6)) if head else 0):
        at = dice.randrange(min(len(head), 64))
        size = dice.choice((1, 2, 4))
        value = dice.choice((0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, dice.randrange(1 << 32)))
        order = dice.choice(("big", "little"))
        new = (value & ((1 << 8 * size) - 1)).to_bytes(size, order)
        head[at : at + size] = new
    end = len(head) if dice.random() < 0.7 else dice.randint(0, 64)
    return bytes(head[:end])
