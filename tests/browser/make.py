"""`python -m tests.browser.make FOLDER`: put a headless Chromium into a folder, not as root.

It is that of the npm package @sparticuz/chromium, which holds, packed with Brotli, a Chromium for
x86-64 Linux, the libraries that a bare system lacks, and a font. Its files are unpacked here and
none of its programs is run: it asks for a newer Node than many have.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "@sparticuz/chromium@153.0.0"
#: As the registry had it when this version was chosen; npm checks what it fetches by the
#: registry's word, and we by this.
INTEGRITY = (
    "sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk"
    "+dnsgQwA=="
)
_UNPACK = "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)"
#: Only where they are lacking do the libraries of the package serve: its own ones are a release
#: of another Linux.
_START = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export FONTCONFIG_FILE="$here/fonts.conf"
if ldd "$here/chromium.bin" | grep -q "not found"; then
  export LD_LIBRARY_PATH="$here/lib"
fi
exec "$here/chromium.bin" "$@"
"""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/font-cache</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def make(target: Path) -> Path:
    """Make it, and return the program.

    Raises:
        OSError: it is not for this computer.
        subprocess.CalledProcessError: npm or node can't; their own words stand on stderr.
        ValueError: the package is not the one that was chosen.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise OSError(f"{PACKAGE} is for Linux on x86-64 only: install a Chromium of your own")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as place:
        draft = Path(place)
        _run("npm", "pack", PACKAGE, "--silent", "--pack-destination", place)
        (archive,) = draft.glob("*.tgz")
        _require(archive)
        _run("tar", "-xzf", str(archive), "-C", place)
        packed = draft / "package" / "bin"
        program = target / "chromium.bin"
        program.write_bytes(_plain(packed / "chromium.br"))
        program.chmod(0o755)
        for name in ("al2023", "fonts", "swiftshader"):
            (draft / name).write_bytes(_plain(packed / f"{name}.tar.br"))
            _run("tar", "-xf", str(draft / name), "--no-same-owner", "-C", str(target))
    (target / "fonts.conf").write_text(_FONTS.format(folder=target.resolve()))
    start = target / "chromium"
    start.write_text(_START)
    start.chmod(0o755)
    return start


def _require(archive: Path) -> None:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{found}" != INTEGRITY:
        raise ValueError(f"{PACKAGE} is not what it was: sha512-{found}")


def _plain(path: Path) -> bytes:
    with path.open("rb") as packed:
        return subprocess.run(
            ["node", "-e", _UNPACK], stdin=packed, stdout=subprocess.PIPE, check=True
        ).stdout


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
