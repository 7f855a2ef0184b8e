"""Actions that scripts call as functions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from liveactions import ActionError, action, current_op, redirect


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Line(BaseModel):
    product_id: str
    amount: int = 1
    children: list[Line] = []


class Cart(BaseModel):
    lines: list[Line]
    total: Decimal
    since: date | None = None


@action(js=True)
async def export() -> Response:
    return PlainTextResponse("a,b")


@action(js=True)
async def add_to_cart(product_id: str, amount: Annotated[int, Field(gt=0)] = 1) -> Cart:
    """Puts a product into the cart."""
    return Cart(lines=[Line(product_id=product_id, amount=amount)], total=Decimal("1.50") * amount)


@action(js=True)
async def replace(cart: Cart, size: Size, mode: Literal["now", "later"] = "now") -> dict[str, list[int]]:
    return {mode: [line.amount for line in cart.lines], size.value: []}


@action(js=True)
async def whoami(request: Request) -> str | None:
    return request.cookies.get("user")


@action(js=True)
async def op_id() -> str:
    return current_op().id


@action(js=True)
async def leave() -> Any:
    return redirect("/elsewhere")


@action(js=True)
async def refuse(name: str) -> None:
    raise ActionError("Taken", field="name", status=409)


@action(js=True)
async def crash() -> None:
    raise RuntimeError("secret detail")


@action(js=True)
async def send(files: list[UploadFile], note: str = "") -> None: ...


@action(js=True)
async def delete() -> None: ...


@action
async def hidden() -> str:
    return "not for scripts"


def helper() -> str:
    return "no action"
