"""Actions that a script on a page calls as functions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from liveactions import ActionError, action, redirect


class Cart(BaseModel):
    product: str
    amount: int


@action(js=True)
async def add_to_cart(product: str, amount: Annotated[int, Field(gt=0)] = 1) -> Cart:
    """Puts a product into the cart."""
    if product == "none":
        raise ActionError("Sold out", field="product", status=409)
    return Cart(product=product, amount=amount)


@action(js=True)
async def crash() -> None:
    raise LookupError("secret")


class Expired(Exception):
    pass


@action(js=True)
async def pay() -> None:
    raise Expired


@action(js=True)
async def check_out() -> Any:
    return redirect("/paid")


@action
async def restock() -> None:
    raise AssertionError("not for scripts")
