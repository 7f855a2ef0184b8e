"""A form that is validated as one types, and once more when it is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from liveactions import ActionError, Page, Pages, action

pages = Pages()

TAKEN = {"ada", "grace", "linus"}


def free(name: str) -> str:
    """A name that isn't taken yet."""
    if name.lower() in TAKEN:
        raise ValueError(f"{name} is taken")
    return name


def with_digit(password: str) -> str:
    """A password with at least one digit."""
    if not any(character.isdigit() for character in password):
        raise ValueError("At least one digit, please")
    return password


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=20), AfterValidator(free)
]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Password = Annotated[str, Field(min_length=8, max_length=200), AfterValidator(with_digit)]


@pages.page("/signup")
class Signup(Page):
    """The action's annotations are the form's rules; there are no others."""

    template = "signup.html"

    @action
    async def join(
        self,
        name: Name,
        email: Email,
        password: Password,
        plan: Literal["solo", "team"] = "solo",
        terms: bool = False,
    ) -> str:
        if not terms:
            raise ActionError("Please accept the terms", field="terms")
        return name
