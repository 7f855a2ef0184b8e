"""A CSV file, read step by step."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ValidationError
from starlette.datastructures import UploadFile

from examples.dashboard.orders import NewOrder, insert
from liveactions import ActionError, Page, Pages, action, file, revalidate_tag

pages = Pages()

STEP: Final = 250
"""Lines that are read at once."""
Csv = Annotated[UploadFile, file(max_size=20 * 2**20, types=[".csv"])]


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    problems: tuple[str, ...] = ()
    """What is wrong with the lines that were skipped: the first twenty."""


@pages.page("/import")
class Import(Page):
    template = "import.html"

    @action
    def read(self, orders: Csv) -> Iterator[Progress]:
        try:
            lines = list(csv.DictReader(orders.file.read().decode("utf-8-sig").splitlines()))
        except (UnicodeDecodeError, csv.Error):
            raise ActionError("This isn’t a CSV file in UTF-8", field="orders") from None
        if not lines:
            raise ActionError("There are no orders in this file", field="orders")
        problems: list[str] = []
        for start in range(0, len(lines), STEP):
            step = lines[start : start + STEP]
            insert(valid(step, start + 2, problems))
            revalidate_tag("orders")
            yield Progress(start + len(step), len(lines), tuple(problems[:20]))


def valid(lines: list[dict[str, str]], first: int, problems: list[str]) -> Iterator[NewOrder]:
    """Yield the orders that can be read, and note what is wrong with the others."""
    for number, line in enumerate(lines, first):
        try:
            yield NewOrder.model_validate(line)
        except ValidationError as error:
            problem = error.errors()[0]
            problems.append(f"Line {number}, {problem['loc'][0]}: {problem['msg']}")
