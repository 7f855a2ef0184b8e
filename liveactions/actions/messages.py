"""Error messages for visitors whose input is invalid, by pydantic's error type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic_core.core_schema import ErrorType

from ..logs import get_logger

log = get_logger(__name__)

MESSAGES: Mapping[str, str] = {
    "missing": "This field is required",
    "int_parsing": "Enter a whole number",
    "int_type": "Enter a whole number",
    "int_from_float": "Enter a whole number",
    "int_parsing_size": "This number is too large",
    "float_parsing": "Enter a number",
    "float_type": "Enter a number",
    "finite_number": "Enter a number",
    "decimal_parsing": "Enter a number",
    "decimal_type": "Enter a number",
    "decimal_max_digits": "At most {max_digits} digits",
    "decimal_max_places": "At most {decimal_places} decimal places",
    "decimal_whole_digits": "At most {whole_digits} digits before the decimal point",
    "bool_parsing": "Choose yes or no",
    "bool_type": "Choose yes or no",
    "string_type": "Enter some text",
    "string_too_short": "Must have at least {min_length} characters",
    "string_too_long": "Must have at most {max_length} characters",
    "string_pattern_mismatch": "Invalid format",
    "too_short": "Choose at least {min_length}",
    "too_long": "Choose at most {max_length}",
    "greater_than": "Must be greater than {gt}",
    "greater_than_equal": "Must be at least {ge}",
    "less_than": "Must be less than {lt}",
    "less_than_equal": "Must be at most {le}",
    "multiple_of": "Must be a multiple of {multiple_of}",
    "literal_error": "Choose one of the options",
    "enum": "Choose one of the options",
    "date_parsing": "Enter a date",
    "date_type": "Enter a date",
    "date_from_datetime_parsing": "Enter a date",
    "date_past": "Enter a date in the past",
    "date_future": "Enter a date in the future",
    "datetime_parsing": "Enter a date and time",
    "datetime_type": "Enter a date and time",
    "datetime_from_date_parsing": "Enter a date and time",
    "time_parsing": "Enter a time",
    "time_type": "Enter a time",
    "time_delta_parsing": "Enter a duration",
    "uuid_parsing": "Invalid identifier",
    "url_parsing": "Enter a URL such as https://example.org",
    "url_scheme": "Enter a URL such as https://example.org",
    "email": "Enter an e-mail address such as name@example.org",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "url_syntax_violation": "Enter a URL such as https://example.org",
    "time_delta_type": "Enter a duration",
    "uuid_type": "Invalid identifier",
    "bytes_too_short": "Must have at least {min_length} characters",
    "bytes_too_long": "Must have at most {max_length} characters",
    "json_invalid": "Invalid format",
    "date_from_datetime_inexact": "Enter a date",
    "datetime_past": "Enter a time in the past",
    "datetime_future": "Enter a time in the future",
    "list_type": "Choose one or more",
    "set_type": "Choose one or more",
    "tuple_type": "Choose one or more",
    "model_type": "Invalid format",
    "dataclass_type": "Invalid format",
    "dict_type": "Invalid format",
    "too_many": "Too many items",
    "file_too_large": "This file is larger than {max_size}",
    "file_refused": "This file couldn't be uploaded",
    "uploads_full": "Too many files are being uploaded. Please try again later.",
    "storage_failed": "The file couldn't be stored or read. Please try again later.",
    "store_failed": "This isn't possible at the moment. Please try again.",
    "response_too_large": "This file is too large to be sent.",
    "file_type": "Choose a file of one of these types: {types}",
    "form_too_long": "This form is too large to submit",
    "page_changed": "This page has changed. Please reload it.",
    "page_outdated": "This page was out of date. Please check your input and submit it again.",
    "page_restarted": "This page had to be restarted. Your latest changes may be missing.",
    "page_signed_in": "You have signed in in another tab, so this page has started again.",
    "action_timeout": "This took too long. Please try again.",
    "too_many_calls": "This was done too often. Please try again in {seconds} seconds.",
    "action_failed": "Something went wrong ({id}).",
}
"""Messages by pydantic's error type, and some of the library's own.

Placeholders are filled from the error's context.
"""


_EMAIL: Final = "value is not a valid email address"
"""How pydantic's messages about an `EmailStr` begin: their type is that of every `ValueError`."""
_SIMILAR: Final = 0.85
"""The similarity of names that differ by one or two letters."""


def check_messages(messages: Iterable[str]) -> None:
    """Log a warning for names that look misspelled. Other names may be an application's own error types."""
    known = {*MESSAGES, *get_args(ErrorType)}
    for name in messages:
        similar = get_close_matches(name, MESSAGES, 1, _SIMILAR)
        if similar and name not in known:
            log.warning("messages: there is no message %r; did you mean %r?", name, similar[0])


def message(error: Mapping[str, Any], texts: Mapping[str, str] = MESSAGES) -> str:
    """Return the message for a pydantic error dict; pydantic's own if none is defined."""
    kind = error["type"]
    if kind == "value_error" and str(error.get("msg", "")).startswith(_EMAIL):
        kind = "email"
    found = texts.get(kind) or MESSAGES.get(kind)
    if found is None:
        return str(error.get("msg", kind))
    text = str(found)  # a translation may be lazy
    context = error.get("ctx") or {}
    if context.get("min_length") == 1 or context.get("max_length") == 1:
        text = text.replace("characters", "character")
    try:
        return text.format_map(context)
    except (KeyError, IndexError, ValueError):
        return str(error.get("msg", text))


def text(kind: str, texts: Mapping[str, str] = MESSAGES, **context: Any) -> str:
    """Return the message of an error type, with these values for its placeholders."""
    return message({"type": kind, "ctx": context}, texts)
