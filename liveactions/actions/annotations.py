"""Annotations as types: resolving names, looking through `Annotated` and `Optional`."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

NoneType = type(None)


def raw_annotations(thing: Any) -> dict[str, Any]:
    """The annotations of a class or function as they were written, unresolved names as they may be."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(thing, format=Format.FORWARDREF)
    return inspect.get_annotations(thing)


def resolve(raw: Mapping[str, Any], module: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations whose texts are evaluated in `names`, then in `module`. `NameError` when they can't be."""
    holder = type("Annotations", (), {"__annotations__": dict(raw)})
    return get_type_hints(holder, globalns=dict(module), localns=dict(names), include_extras=True)


def hints(
    function: Callable[..., Any], names: Mapping[str, Any] | None = None, result: bool = False
) -> dict[str, Any]:
    """Types of a function's parameters, or of its result, as ``return``.

    `names` are those of the function that it was defined in.
    """
    function = inspect.unwrap(function)
    raw = {name: hint for name, hint in raw_annotations(function).items() if (name == "return") is result}
    own = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    module = getattr(function, "__globals__", {})
    try:
        return resolve(raw, module, {**(names or {}), **own})
    except NameError as error:
        raise TypeError(f"{function.__qualname__}: {error}; import it outside TYPE_CHECKING") from error


def local_names(function: Callable[..., Any]) -> dict[str, Any]:
    """Names of the function around `function`, which is being defined, if its annotations are texts."""
    if "<locals>" not in getattr(function, "__qualname__", "") or not _has_texts(function):
        return {}
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("liveactions."):
        frame = frame.f_back
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)


def _has_texts(function: Callable[..., Any]) -> bool:
    return any(isinstance(hint, str) for hint in raw_annotations(inspect.unwrap(function)).values())


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type below `Annotated`, and its metadata."""
    if get_origin(annotation) is Annotated:
        return annotation.__origin__, annotation.__metadata__
    return annotation, ()


def metadata(annotation: Any, kind: type[Any]) -> Any:
    """The last piece of metadata of a kind, an instance or the class itself; None without."""
    for piece in reversed(unwrap(annotation)[1]):
        if isinstance(piece, kind):
            return piece
    return None


def without(annotation: Any, kind: type[Any]) -> Any:
    """The annotation without its metadata of a kind."""
    plain, pieces = unwrap(annotation)
    rest = tuple(piece for piece in pieces if not isinstance(piece, kind))
    return Annotated[(plain, *rest)] if rest else plain


def optional(annotation: Any) -> tuple[Any, bool]:
    """The type without ``| None``, and whether None was allowed."""
    plain, _ = unwrap(annotation)
    if get_origin(plain) not in (Union, types.UnionType):
        return annotation, plain is NoneType
    members = get_args(plain)
    rest = tuple(member for member in members if member is not NoneType)
    if len(rest) == len(members):
        return annotation, False
    return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007 - made at run time


def substitute(annotation: Any, variables: Mapping[Any, Any]) -> Any:
    """`annotation` with type variables replaced: ``list[Row]`` of ``Table[User]`` is ``list[User]``."""
    if isinstance(annotation, TypeVar):
        return variables.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or isinstance(annotation, type) and not get_args(annotation):
        return annotation
    return annotation[tuple(variables.get(parameter, parameter) for parameter in parameters)]


def variables_of(cls: type[Any]) -> dict[Any, Any]:
    """What each type variable of a generic class's bases stands for in `cls`."""
    found: dict[Any, Any] = {}
    for base in cls.__mro__:
        for alias in base.__dict__.get("__orig_bases__", ()):
            parameters = getattr(get_origin(alias), "__parameters__", ())
            for parameter, argument in zip(parameters, get_args(alias), strict=False):
                found.setdefault(parameter, substitute(argument, found))
    return found
