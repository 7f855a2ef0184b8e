"""Figures, a chart and a table of the orders that the address selects."""

from __future__ import annotations

import csv
import io
import os
from typing import Annotated, ClassVar, Literal

from starlette.responses import Response

from examples.dashboard.orders import (
    PER_PAGE,
    REGIONS,
    STATUSES,
    Filters,
    Order,
    Region,
    Sort,
    Status,
    Summary,
    orders,
    select,
    summary,
)
from liveactions import Component, InUrl, Page, Pages, action, every, in_url, loaded

pages = Pages()


def load_average() -> float:
    """How many processes have waited for this machine's processors in the last minute, on average."""
    return round(os.getloadavg()[0], 2)


class Meter(Component):
    """The load of the server, every second."""

    template = "meter.html"
    samples: tuple[float, ...] = ()

    def mount(self) -> None:
        self.sample()

    @every(1.0)
    def sample(self) -> None:
        self.samples = (*self.samples[-59:], load_average())


@pages.page("/")
class Overview(Page):
    template = "overview.html"
    q: InUrl[str] = ""
    region: InUrl[Region | Literal[""]] = ""
    status: InUrl[Status | Literal[""]] = ""
    sort: InUrl[Sort] = "id"
    descending: InUrl[bool] = True
    number: Annotated[int, in_url(push=True)] = 1
    meter: Meter = Meter()
    summary: Summary = loaded()
    orders: tuple[Order, ...] = loaded()
    columns: ClassVar[dict[Sort, str]] = {
        "id": "No.",
        "placed": "Date",
        "customer": "Customer",
        "product": "Product",
        "region": "Region",
        "status": "Status",
        "cents": "Amount",
    }
    regions: ClassVar = REGIONS
    statuses: ClassVar = STATUSES

    @property
    def filters(self) -> Filters:
        return Filters(self.q.strip(), self.region, self.status)

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    def load(self) -> None:
        self.summary = summary(self.filters)
        self.number = min(max(self.number, 1), self.summary.pages)
        self.orders = orders(self.filters, self.sort, self.descending, self.number)

    @action(concurrency="latest")
    async def refine(
        self, q: str = "", region: Region | Literal[""] = "", status: Status | Literal[""] = ""
    ) -> None:
        self.q, self.region, self.status, self.number = q, region, status, 1

    @action
    def download(self) -> Response:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(("id", "placed", "customer", "product", "region", "status", "amount"))
        for one in select(self.filters, self.sort, self.descending):
            writer.writerow(
                (one.id, one.placed, one.customer, one.product, one.region, one.status, f"{one.amount:.2f}")
            )
        headers = {"Content-Disposition": 'attachment; filename="orders.csv"'}
        return Response(file.getvalue(), media_type="text/csv", headers=headers)
