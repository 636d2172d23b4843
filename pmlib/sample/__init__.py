"""Quillmark Sensors, the fictitious company: every table, seeded, with truths planted in it."""

from __future__ import annotations

from pmlib.sample.forms import SEED
from pmlib.sample.writing import (
    LARGE,
    make_tables,
    present_tables,
    read_answers,
    write_large_tables,
    write_sample,
)

__all__ = ["LARGE", "SEED", "make_tables", "present_tables", "read_answers", "write_large_tables", "write_sample"]
