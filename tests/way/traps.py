"""Files that run code in whoever opens them the usual way: each leaves a file of its own name.

    python traps.py FOLDER     opens every trap of the project in FOLDER the usual way

As a program it is the naive reader: it proves that the traps work.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

_DATASET = "training-datasets/iteration-0/UnaugmentedDataSet_reachNov1/"
_MODEL = "dlc-models-pytorch/iteration-0/reachNov1-trainset80shuffle1/train/"
_OTHER_MODEL = "dlc-models-pytorch/iteration-0/reachNov1-trainset80shuffle2/train/"
_LABELS = "labeled-data/left-cam/"
#: Name of the trap, and where it lies: under the names that DeepLabCut reads.
PLACES = {
    "h5-of-labels": _LABELS + "CollectedData_ada.h5",
    "h5-of-data-set": _DATASET + "CollectedData_ada.h5",
    "pickle-of-split": _DATASET + "Documentation_data-reach_80shuffle1.pickle",
    "pickle-of-data-set": _DATASET + "reach_ada80shuffle1.pickle",
    "pickle-of-video": "videos/left-camDLC_Resnet50_reachNov1shuffle1_snapshot_200_full.pickle",
    "numpy-array": _LABELS + "machinelabels.npy",
    "torch-snapshot": _MODEL + "snapshot-best-200.pt",
    "torch-detector": _MODEL + "snapshot-detector-best-200.pt",
    "yaml-of-other-shuffle": _OTHER_MODEL + "pytorch_config.yaml",
    "yaml-of-backup": "config-backup.yaml",
    "yaml-of-tensorflow": "dlc-models/iteration-0/reachNov1-trainset80shuffle2/test/pose_cfg.yaml",
    "module-deeplabcut": "deeplabcut.py",
    "module-sitecustomize": "sitecustomize.py",
}


class _Trap:
    """Unpickled, it runs a command."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self._command,)


def make_traps(canaries: Path) -> dict[str, bytes]:
    """Return the traps by their path in the project.

    Args:
        canaries: the folder where each leaves a file of its name when it is sprung.
    """
    return {path: _make(path, f"touch {canaries / name}") for name, path in PLACES.items()}


def _make(path: str, command: str) -> bytes:
    suffix = Path(path).suffix
    if suffix == ".h5":
        return _h5(command)
    if suffix == ".pt":
        import torch

        target = io.BytesIO()
        torch.save({"model": _Trap(command), "metadata": {"epoch": 0}}, target)
        return target.getvalue()
    if suffix == ".npy":
        import numpy as np

        target = io.BytesIO()
        np.save(target, np.array([_Trap(command)], dtype=object), allow_pickle=True)
        return target.getvalue()
    if suffix == ".yaml":
        return yaml_trap(command)
    if suffix == ".py":
        return f"import os\nos.system({command!r})\n".encode()
    return pickle.dumps(_Trap(command))


def yaml_trap(command: str) -> bytes:
    """Settings whose one value is what a command returned."""
    return f'net_type: !!python/object/apply:os.system ["{command}"]\nmethod: bu\n'.encode()


def _h5(command: str) -> bytes:
    """A table of pandas', one of whose attributes is pickled: PyTables does so by itself."""
    import pandas as pd
    import tables

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trap.h5"
        pd.DataFrame({"x": [1.0]}).to_hdf(path, key="df_with_missing")
        with tables.open_file(path, "a") as file:
            file.root.df_with_missing._v_attrs.encoding = _Trap(command)
        return path.read_bytes()


def open_naively(project: Path, path: str) -> None:
    """Open a file as DeepLabCut, or a lab's script, does."""
    file = project / path
    match file.suffix:
        case ".h5":
            import pandas as pd

            pd.read_hdf(file)
        case ".pt":
            import torch

            torch.load(file, weights_only=False)
        case ".npy":
            import numpy as np

            np.load(file, allow_pickle=True)
        case ".yaml":
            import yaml

            yaml.unsafe_load(file.read_text())
        case ".py":
            subprocess.run([sys.executable, "-c", f"import {file.stem}"], cwd=project, check=True)
        case _:
            pickle.loads(file.read_bytes())


if __name__ == "__main__":
    for trap in PLACES.values():
        try:
            open_naively(Path(sys.argv[1]), trap)
        except Exception as error:
            print(f"{trap}: {error!r}")  # it ran before; the canaries tell
