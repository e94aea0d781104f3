"""The label tables as the check read and mended them, written over our copy's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlc_batch_core.labels import LabelTable


def write_label_tables(project: Path, tables: Iterable[LabelTable]) -> None:
    """Write each table in DeepLabCut's present form: the same bytes for the same labels."""
    for table in tables:
        (project / table.where).write_bytes(table.to_csv().encode())
