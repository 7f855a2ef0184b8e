"""Figures, a chart and a table of the orders that the address selects."""

from __future__ import annotations

import csv
import io
import os
from datetime import date
from typing import Annotated, ClassVar, Literal

from starlette.responses import Response

from examples.dashboard.orders import (
    PER_PAGE,
    REGIONS,
    STATUSES,
    Filters,
    Order,
    Region,
    Status,
    Summary,
    orders,
    select,
    summary,
)
from liveactions import Component, InUrl, Page, Pages, action, every, in_url, loaded, ui

pages = Pages()
COLUMNS = (
    ui.Column("id", "No.", numeric=True),
    ui.Column("placed", "Date"),
    ui.Column("customer", "Customer"),
    ui.Column("product", "Product"),
    ui.Column("region", "Region"),
    ui.Column("status", "Status"),
    ui.Column("cents", "Amount", numeric=True),
)


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

    @property
    def line(self) -> ui.Chart:
        return ui.sparkline(self.samples)


@pages.page("/")
class Overview(Page):
    template = "overview.html"
    q: InUrl[str] = ""
    region: InUrl[Region | Literal[""]] = ""
    status: InUrl[Status | Literal[""]] = ""
    sort: InUrl[str] = "-id"
    page: Annotated[int, in_url(push=True)] = 1
    meter: Meter = Meter()
    summary: Summary = loaded()
    orders: ui.Rows[Order] = loaded()
    regions: ClassVar = REGIONS
    statuses: ClassVar = STATUSES

    @property
    def filters(self) -> Filters:
        return Filters(self.q.strip(), self.region, self.status)

    @property
    def view(self) -> ui.View:
        return ui.View(COLUMNS, sort=self.sort, page=self.page, size=PER_PAGE)

    @property
    def revenue(self) -> ui.Chart:
        months = [date.fromisoformat(f"{month}-01").strftime("%b") for month, _ in self.summary.months]
        euros = [cents / 100 for _, cents in self.summary.months]
        return ui.chart("bar", months, {"Revenue": euros}, format="€ {:,.0f}")

    def load(self) -> None:
        self.summary = summary(self.filters)
        total = self.summary.count
        self.orders = self.view.rows(orders(self.filters, self.view, self.view.offset(total)), total)

    @action(concurrency="latest")
    async def refine(
        self, q: str = "", region: Region | Literal[""] = "", status: Status | Literal[""] = ""
    ) -> None:
        self.q, self.region, self.status, self.page = q, region, status, 1

    @action
    def download(self) -> Response:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(("id", "placed", "customer", "product", "region", "status", "amount"))
        for one in select(self.filters, self.view):
            writer.writerow(
                (one.id, one.placed, one.customer, one.product, one.region, one.status, f"{one.amount:.2f}")
            )
        headers = {"Content-Disposition": 'attachment; filename="orders.csv"'}
        return Response(file.getvalue(), media_type="text/csv", headers=headers)
