"""A job's raw output, cut into log lines as it comes."""

# Docker hands a log driver at most 16 KiB at a time; a longer line becomes several.
LONGEST_LINE = 16 * 1024
# How often a progress bar (text that ends in a carriage return, not a newline) gets a line.
PROGRESS_EVERY_S = 10.0


class LogLines:
    """Cuts bytes into lines. A carriage return overwrites what stands before it in its line, as
    on a terminal, so that a progress bar is logged now and then and not as one endless line."""

    def __init__(self, now: float) -> None:
        self._rest = b""
        self._progress_at = now

    def feed(self, data: bytes, now: float) -> list[str]:
        """The lines that `data` completes; `now` is in seconds."""
        *whole, rest = (self._rest + data).split(b"\n")
        lines = [line for text in whole for line in _cut(_last_state(text))]
        if b"\r" in rest.rstrip(b"\r") or len(rest) > LONGEST_LINE:
            rest = self._shorten(rest, now, lines)
        self._rest = rest
        return lines

    def _shorten(self, rest: bytes, now: float, lines: list[str]) -> bytes:
        if b"\r" not in rest:
            lines += _cut(rest)
            return b""
        if now - self._progress_at >= PROGRESS_EVERY_S:
            self._progress_at = now
            lines += _cut(_last_state(rest))
        return rest[rest.rstrip(b"\r").rfind(b"\r") + 1 :][-LONGEST_LINE:]

    def close(self) -> list[str]:
        """What is left when the output has ended."""
        rest, self._rest = self._rest, b""
        return _cut(_last_state(rest)) if rest else []


def _last_state(line: bytes) -> bytes:
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1]


def _cut(line: bytes) -> list[str]:
    parts = [line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)]
    return [part.decode("utf-8", "replace") for part in parts or [b""]]
