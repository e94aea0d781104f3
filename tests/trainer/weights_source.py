"""A source of pretrained weights on this computer: a hub as huggingface_hub asks one, and a proxy
for DeepLabCut's TensorFlow weights. The weights are made on the spot."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_COMMIT = "0" * 39 + "1"
#: Writes random weights in the form of those that the hub has: DeepLabCut's own and timm's.
_MAKE = """
import sys
from pathlib import Path
import timm, torch
from safetensors.torch import save_file
from deeplabcut.pose_estimation_pytorch.models import BACKBONES
folder = Path(sys.argv[1])
config = {"type": "CSPNeXt", "model_name": "cspnext_s", "deepen_factor": 0.33, "widen_factor": 0.5}
own = folder / "DeepLabCut/DeepLabCut-Backbones"
timms = folder / timm.get_pretrained_cfg("resnet50_gn").hf_hub_id
for each in (own, timms):
    each.mkdir(parents=True)
torch.save({"state_dict": BACKBONES.build(config).state_dict()}, own / "cspnext_s.pt")
save_file(timm.create_model("resnet50_gn").state_dict(), timms / "model.safetensors")
(own / "cspnext_m.pt").write_bytes(b"cut off")
"""


def make_hub_files(folder: Path) -> None:
    """Write a hub's files: those of cspnext_s and resnet_50, and a broken one of cspnext_m."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", _MAKE, folder], check=True)


class _Handler(BaseHTTPRequestHandler):
    files: Path  # a hub's: <owner>/<name>/<file>
    archives: dict[str, bytes]  # by their full address

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def _answer(self, has_body: bool) -> None:
        content = self._find()
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        if content is not None:
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", _COMMIT)
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if has_body and content:
            self.wfile.write(content)

    def _find(self) -> bytes | None:
        if self.path in self.archives:  # asked as a proxy
            return self.archives[self.path]
        repository, _, file = self.path.lstrip("/").partition("/resolve/main/")
        path = self.files / repository / file
        return path.read_bytes() if file and path.is_file() else None

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(files: Path, archives: dict[str, bytes] | None = None) -> Iterator[str]:
    """Serve a hub's files, and archives to those who ask by proxy; gives the address."""
    handler = type("Handler", (_Handler,), {"files": files, "archives": archives or {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def packed(name: str, content: bytes) -> bytes:
    """A .tar.gz of one file."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return target.getvalue()
