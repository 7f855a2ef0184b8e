"""Fifty thousand orders in SQLite, and what the pages ask about them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from liveactions import cached
from liveactions.ui import View

FILE = Path(os.environ.get("DASHBOARD_DATABASE", Path(__file__).parent / "data" / "orders.db"))
COUNT: Final = 50_000
PER_PAGE: Final = 50

Region = Literal["North", "East", "South", "West"]
Status = Literal["new", "paid", "sent", "returned"]
REGIONS: Final[tuple[Region, ...]] = ("North", "East", "South", "West")
STATUSES: Final[tuple[Status, ...]] = ("new", "paid", "sent", "returned")
PRODUCTS: Final = {
    "Desk lamp": 4900,
    "Oak stool": 8900,
    "Wool blanket": 12900,
    "Teapot": 3900,
    "Shelf": 17900,
}
FIRST: Final = "Ada Bram Cleo Dario Elif Finn Greta Hugo Ines Jonas Kira Lou Mara Nils Olga Pavel".split()
LAST: Final = "Abel Brandt Costa Dahl Evers Fonseca Greco Holm Ivanov Jansen Keller Lind Meyer Novak".split()
SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS orders (
        id INTEGER PRIMARY KEY,
        placed TEXT NOT NULL,
        customer TEXT NOT NULL,
        product TEXT NOT NULL,
        region TEXT NOT NULL,
        status TEXT NOT NULL,
        cents INTEGER NOT NULL
    );
"""


class NewOrder(BaseModel):
    """A line of a CSV file."""

    placed: date
    customer: Annotated[str, Field(min_length=1, max_length=80)]
    product: Annotated[str, Field(min_length=1, max_length=80)]
    region: Region
    status: Status
    amount: Annotated[float, Field(ge=0, lt=1_000_000)]


@dataclass(frozen=True)
class Order:
    id: int
    placed: date
    customer: str
    product: str
    region: str
    status: str
    cents: int

    @property
    def amount(self) -> float:
        return self.cents / 100


@dataclass(frozen=True)
class Filters:
    q: str = ""
    region: str = ""
    status: str = ""

    @property
    def where(self) -> tuple[str, dict[str, str]]:
        """A condition of SQL, and its parameters."""
        conditions = ["TRUE"]
        if self.q:
            conditions.append("(customer LIKE :like OR product LIKE :like OR id = :q)")
        conditions += [f"{name} = :{name}" for name in ("region", "status") if getattr(self, name)]
        like = f"%{self.q}%"
        given = {"q": self.q, "like": like, "region": self.region, "status": self.status}
        return " AND ".join(conditions), given


@dataclass(frozen=True)
class Summary:
    count: int
    cents: int
    returned: int
    months: tuple[tuple[str, int], ...]
    """The last twelve months, and the cents of each."""


@contextmanager
def connected(timeout: float = 5) -> Iterator[sqlite3.Connection]:
    """A transaction. `timeout`: seconds to wait while another process writes."""
    with closing(sqlite3.connect(FILE, timeout=timeout)) as connection, connection:
        yield connection


def begin() -> None:
    """Create and fill the database, unless another process has."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with connected(timeout=60) as db:
        db.executescript(SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT count(*) FROM orders").fetchone()[0] == 0:
            db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", invented(Random(7)))


def invented(random: Random) -> Iterator[tuple[Any, ...]]:
    """Believable orders of a year, oldest first."""
    last = date.today()
    for id in range(1, COUNT + 1):
        age = 364 * (1 - (id / COUNT) ** 0.8)
        placed = last - timedelta(days=int(age))
        product = random.choice(list(PRODUCTS))
        cents = PRODUCTS[product] * random.choice((1, 1, 1, 2, 2, 3, 4))
        status = "new" if age < 2 else random.choices(STATUSES, (1, 4, 30, 2))[0]
        region = random.choices(REGIONS, (4, 2, 3, 1))[0]
        yield (
            id,
            placed.isoformat(),
            f"{random.choice(FIRST)} {random.choice(LAST)}",
            product,
            region,
            status,
            cents,
        )


@cached(tags=["orders"])
def summary(filters: Filters) -> Summary:
    where, given = filters.where
    totals = f"SELECT count(*), total(cents), total(status = 'returned') FROM orders WHERE {where}"
    months = f"""
        SELECT substr(placed, 1, 7) AS month, sum(cents) FROM orders WHERE {where}
        GROUP BY month ORDER BY month DESC LIMIT 12
    """
    with connected() as db:
        count, cents, returned = db.execute(totals, given).fetchone()
        return Summary(count, int(cents), int(returned), tuple(db.execute(months, given).fetchall()[::-1]))


@cached(tags=["orders"])
def orders(filters: Filters, view: View, offset: int) -> tuple[Order, ...]:
    return tuple(select(filters, view, f"LIMIT {PER_PAGE} OFFSET {offset}"))


def select(filters: Filters, view: View, limit: str = "") -> list[Order]:
    where, given = filters.where
    direction = "DESC" if view.is_descending else "ASC"
    column = view.column.name if view.column else "id"
    query = f"SELECT * FROM orders WHERE {where} ORDER BY {column} {direction}, id {direction} {limit}"
    with connected() as db:
        found = db.execute(query, given).fetchall()
    return [Order(id, date.fromisoformat(placed), *rest) for id, placed, *rest in found]


def insert(new: Iterable[NewOrder]) -> None:
    rows = [
        (one.placed.isoformat(), one.customer, one.product, one.region, one.status, round(one.amount * 100))
        for one in new
    ]
    names = "placed, customer, product, region, status, cents"
    with connected() as db:
        db.executemany(f"INSERT INTO orders ({names}) VALUES (?, ?, ?, ?, ?, ?)", rows)
