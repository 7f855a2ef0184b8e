"""Annotations resolved to types. No other module does this.

Code that depends on an annotation gets it from `hints`, `resolve` or `record_hints`: names are looked up;
aliases, `NewType` and type variables are replaced by the types that they name; and markers are moved to the
outside.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypeVar,
    TypeVarTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import typing_extensions
from pydantic import BaseModel
from pydantic.fields import FieldInfo

NoneType = type(None)
Variables = Mapping[Any, Any]
"""The types of type variables."""
_ALIASES: Final[tuple[Any, ...]] = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_VARIABLES: Final = (TypeVar, TypeVarTuple)
_QUALIFIERS: Final = (Required, NotRequired, typing_extensions.ReadOnly)
"""Qualifiers that may be around the type of a key of a TypedDict."""


class Marker:
    """Metadata of `Annotated` that determines where a value comes from. It only works around the whole
    type.
    """


class FreeVariable(TypeError):
    """An annotation contains a type variable without a value."""

    def __init__(self, text: str, variable: Any) -> None:
        super().__init__(text)
        self.variable = variable


def raw_annotations(thing: Any) -> dict[str, Any]:
    """Return the annotations of a class or function as they were written; names may be unresolved."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(thing, format=Format.FORWARDREF)
    return inspect.get_annotations(thing)


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature. Its annotations may use undefined names."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def resolve(
    raw: Mapping[str, Any],
    module: Mapping[str, Any],
    names: Mapping[str, Any],
    variables: Variables = types.MappingProxyType({}),
) -> dict[str, Any]:
    """Evaluate annotations, looking names up in `names`, then in `module`, and `expand` them.

    Raise `NameError` for an undefined name.
    """
    return {name: expand(hint, variables) for name, hint in _evaluated(raw, module, names).items()}


def _evaluated(raw: Mapping[str, Any], module: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    holder = type("Annotations", (), {"__annotations__": dict(raw)})
    return get_type_hints(holder, globalns=dict(module), localns=dict(names), include_extras=True)


def hints(
    function: Callable[..., Any],
    names: Mapping[str, Any] | None = None,
    variables: Variables = types.MappingProxyType({}),
) -> dict[str, Any]:
    """Return the types of a function's parameters. `names` are those of the function in which it was defined.

    Raise `TypeError` for an undefined name.
    """
    raw = {name: hint for name, hint in raw_annotations(inspect.unwrap(function)).items() if name != "return"}
    return _hints(inspect.unwrap(function), raw, names or {}, variables)


def result_hint(
    function: Callable[..., Any],
    names: Mapping[str, Any] | None = None,
    variables: Variables = types.MappingProxyType({}),
) -> Any:
    """Return the type of a function's result; Any if there is no annotation, or it can't be resolved."""
    raw = {name: hint for name, hint in raw_annotations(inspect.unwrap(function)).items() if name == "return"}
    try:
        found = _hints(inspect.unwrap(function), raw, names or {}, variables).get("return", Any)
    except TypeError:
        return Any
    return Any if any(isinstance(part, _VARIABLES) for part in parts(found)) else found


def _hints(
    function: Callable[..., Any], raw: Mapping[str, Any], names: Mapping[str, Any], variables: Variables
) -> dict[str, Any]:
    module = getattr(function, "__globals__", {})
    try:
        return resolve(raw, module, {**names, **type_parameters(function)}, variables)
    except NameError as error:
        raise unknown_name(function.__qualname__, error) from error


def unknown_name(title: str, error: NameError) -> TypeError:
    """Return the exception for an annotation that uses an undefined name; raise it from `error`."""
    return TypeError(
        f"{title}: {error}; define it before this function, and import it outside of TYPE_CHECKING"
    )


def is_of_unknown_name(error: TypeError) -> bool:
    """Return whether an error is about a name that may be defined later."""
    return isinstance(error.__cause__, NameError)


def type_parameters(thing: Any) -> dict[str, Any]:
    """Return the type parameters of a class or function, declared in brackets, by name."""
    return {one.__name__: one for one in getattr(thing, "__type_params__", ())}


def record_hints(model: Any) -> dict[str, Any]:
    """Return the annotations of the fields of a pydantic model, dataclass, TypedDict or named tuple.

    `model` may also be a generic alias of one. Raise `NameError` for an undefined name.
    """
    cls = get_origin(model) or model
    variables = dict(zip(getattr(cls, "__parameters__", ()), get_args(model), strict=False))
    if issubclass(cls, BaseModel) and not cls.__pydantic_complete__:
        cls.model_rebuild()
    known = getattr(cls, "__pydantic_fields__", None)
    if known is not None:
        found = {
            name: Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            for name, info in known.items()
        }
    else:
        hints_of_keys = get_type_hints(cls, include_extras=True)
        found = {name: _type_of_key(hint) for name, hint in hints_of_keys.items()}
    return {name: expand(hint, variables) for name, hint in found.items()}


def _type_of_key(hint: Any) -> Any:
    """Return the type of a key of a TypedDict, without ``NotRequired`` and the like around it."""
    while get_origin(hint) in _QUALIFIERS:
        (hint,) = get_args(hint)
    return hint


def optional_keys(record: Any) -> frozenset[str]:
    """Return the keys that a TypedDict may lack; none for other classes. Raise `NameError` as `record_hints`.

    The class itself doesn't know of ``NotRequired`` in annotations that are text.
    """
    cls = get_origin(record) or record
    if not typing.is_typeddict(cls) and not typing_extensions.is_typeddict(cls):
        return frozenset()
    found = set(cls.__optional_keys__)
    for key, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is NotRequired:
            found.add(key)
        elif get_origin(hint) is Required:
            found.discard(key)
    return frozenset(found)


def local_names(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the local names around a function that is being defined, if its annotations are strings."""
    if "<locals>" not in getattr(function, "__qualname__", "") or not _has_texts(function):
        return {}
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("liveactions."):
        frame = frame.f_back
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)


def _has_texts(function: Callable[..., Any]) -> bool:
    return any(isinstance(hint, str) for hint in raw_annotations(inspect.unwrap(function)).values())


def expand(annotation: Any, variables: Variables = types.MappingProxyType({})) -> Any:
    """Return an annotation with everything replaced that names another one.

    Aliases and `NewType` are replaced by their values, type variables by theirs in `variables` (or their
    default), and markers in an optional type are moved around all of it: ``Bound[int] | None`` becomes
    ``Bound[int | None]``. A recursive alias isn't replaced within itself.
    """
    return _expand(annotation, variables, ())


def _expand(annotation: Any, variables: Variables, above: tuple[Any, ...]) -> Any:
    if isinstance(annotation, TypeVar):
        return _meaning(annotation, variables)
    if isinstance(annotation, NewType):
        return _expand(annotation.__supertype__, variables, above)
    origin, arguments = get_origin(annotation), get_args(annotation)
    alias = origin if isinstance(origin, _ALIASES) else annotation
    if isinstance(alias, _ALIASES):
        if alias in above:
            return annotation
        given = tuple(_expand(one, variables, above) for one in arguments)
        own = dict(zip(alias.__type_params__, given, strict=False))
        return _expand(_value(alias), own, (*above, alias))
    record = origin or annotation
    if _is_refused(record):
        given = tuple(_expand(one, variables, above) for one in arguments)
        return _accepted(record, given)
    generic = getattr(annotation, "__pydantic_generic_metadata__", None) or {}
    if generic.get("args"):
        origin, arguments = generic["origin"], generic["args"]
    if origin is Annotated:
        return Annotated[(_expand(annotation.__origin__, variables, above), *annotation.__metadata__)]
    if origin is Literal or not arguments:
        return annotation
    expanded = tuple(_expand(one, variables, above) for one in arguments)
    if origin in (Union, types.UnionType):
        return _union(expanded)
    if all(new is old for new, old in zip(expanded, arguments, strict=True)):
        return annotation
    return origin[expanded[0] if len(expanded) == 1 else expanded]


_accepted_records: dict[tuple[Any, ...], Any] = {}


def _is_refused(record: Any) -> bool:
    """Return whether a class is a `typing.TypedDict` that pydantic rejects.

    Before Python 3.12, it doesn't tell which keys a text such as ``"NotRequired[int]"`` makes optional.
    """
    return sys.version_info < (3, 12) and typing.is_typeddict(record) and type(record).__module__ == "typing"


def _accepted(record: Any, arguments: tuple[Any, ...]) -> Any:
    """Return a `typing_extensions.TypedDict` with the keys of a `typing.TypedDict`."""
    known = _accepted_records.get((record, arguments))
    if known is not None:
        return known
    make: Any = typing_extensions.TypedDict
    other = make(record.__name__, {})
    _accepted_records[record, arguments] = other  # before its keys: one of them may be of this type
    for name in ("__module__", "__qualname__", "__doc__"):
        setattr(other, name, getattr(record, name))
    variables = dict(zip(getattr(record, "__parameters__", ()), arguments, strict=False))
    try:
        for key, hint in get_type_hints(record, include_extras=True).items():
            other.__annotations__[key] = expand(_type_of_key(hint), variables)
        other.__optional_keys__ = optional_keys(record)
    except BaseException:
        del _accepted_records[record, arguments]
        raise
    other.__required_keys__ = frozenset(other.__annotations__) - other.__optional_keys__
    return other


def _meaning(variable: Any, variables: Variables) -> Any:
    """Return the type of a type variable: itself if it has none."""
    if variable in variables:
        return variables[variable]
    default = getattr(variable, "__default__", typing_extensions.NoDefault)
    return variable if default is typing_extensions.NoDefault else _expand(default, variables, ())


def _value(alias: Any) -> Any:
    """Return the value of an alias; strings are evaluated in its module."""
    module = sys.modules.get(alias.__module__)
    names = {one.__name__: one for one in alias.__type_params__}
    return _evaluated({"value": alias.__value__}, vars(module) if module else {}, names)["value"]


def _union(members: tuple[Any, ...]) -> Any:
    """Return a union. Marks of its only member besides None are moved around all of it."""
    others = [member for member in members if member is not NoneType]
    if len(others) != 1 or len(others) == len(members):
        return Union[members]  # noqa: UP007 - created at run time
    plain, pieces = unwrap(others[0])
    marks = [piece for piece in pieces if is_mark(piece)]
    rest = tuple(piece for piece in pieces if not is_mark(piece))
    inner: Any = Annotated[(plain, *rest)] if rest else plain
    whole: Any = inner | NoneType
    return Annotated[(whole, *marks)] if marks else whole


def is_mark(piece: Any) -> bool:
    """Return whether metadata determines where a value comes from: the library's, or FastAPI's `Depends`."""
    return isinstance(piece, Marker) or is_foreign_depends(piece)


def is_foreign_depends(piece: Any) -> bool:
    """Return whether a piece of metadata is FastAPI's `Depends`."""
    return is_of_fastapi(piece) and hasattr(piece, "dependency")


def is_of_fastapi(piece: Any) -> bool:
    """Return whether a piece of metadata is FastAPI's, without importing it."""
    return type(piece).__module__.startswith("fastapi.")


def parts(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and all annotations in it, outer ones first."""
    yield annotation
    generic = getattr(annotation, "__pydantic_generic_metadata__", None) or {}
    if get_origin(annotation) is Annotated:
        yield from parts(annotation.__origin__)
    elif get_origin(annotation) is not Literal:
        for one in get_args(annotation) or generic.get("args", ()):
            yield from parts(one)


def check_parts(annotation: Any, title: str, injected: tuple[type[Any], ...] = ()) -> None:
    """Raise `TypeError` for parts of an annotation, or of its models' fields, that have no effect there.

    These are markers that aren't around the whole type, and the `injected` classes, which only work as the
    whole type. Raise `FreeVariable` for a type variable without a value.
    """
    for piece in unwrap(annotation)[1]:
        if _is_class_of_marks(piece):
            raise TypeError(f"{title}: {piece.__name__} has no effect without parentheses; call it")
        if get_origin(piece) is Annotated:
            raise TypeError(f"{title}: {piece!r} has no effect as metadata; write it as the type")
    try:
        _check(unwrap(annotation)[0], title, injected, set())
    except NameError as error:
        raise unknown_name(title, error) from error


def _check(annotation: Any, title: str, injected: tuple[type[Any], ...], seen: set[Any]) -> None:
    for part in parts(annotation):
        plain, pieces = unwrap(part)
        wrong = next(filter(is_mark, pieces), None)
        if wrong is not None:
            raise TypeError(
                f"{title}: {wrong!r} has no effect inside another type; write it around the whole annotation"
            )
        if isinstance(plain, _VARIABLES):
            raise FreeVariable(
                f"{title}: the type variable {plain} has no value; write a type, or pass type arguments to"
                " the generic class or alias",
                plain,
            )
        cls = get_origin(plain) or plain
        if not isinstance(cls, type) or cls in seen:
            continue
        if issubclass(cls, injected):
            raise TypeError(f"{title}: {cls.__qualname__} can only be the whole annotation, or with None")
        is_named_tuple = issubclass(cls, tuple) and hasattr(cls, "_fields")
        is_model = issubclass(cls, BaseModel) or dataclasses.is_dataclass(cls) or is_named_tuple
        if is_model or typing_extensions.is_typeddict(cls):
            seen.add(cls)
            for name, hint in record_hints(plain).items():
                _check(hint, f"{title}: {cls.__qualname__}.{name}", injected, seen)


def check_field_info(annotation: Any, title: str, default: Any = None) -> None:
    """Raise `TypeError` for pydantic's or a dataclass's ``Field`` where it has no effect.

    Only the constraints of a ``Field`` in `annotation` are used: neither its names nor its default.
    """
    if isinstance(default, FieldInfo | dataclasses.Field):
        raise TypeError(
            f"{title}: a Field can't be the default; write Annotated[..., Field(...)], and the default"
            " after ="
        )
    for piece in unwrap(annotation)[1]:
        if not isinstance(piece, FieldInfo):
            continue
        if piece.alias or piece.validation_alias or piece.serialization_alias:
            raise TypeError(f"{title}: Field(alias=...) has no effect; it is filled by its own name")
        if not piece.is_required():
            raise TypeError(f"{title}: the default in Field(...) has no effect; write it after =")


def _is_class_of_marks(piece: Any) -> bool:
    return isinstance(piece, type) and issubclass(piece, Marker)


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the type inside `Annotated`, and its metadata."""
    if get_origin(annotation) is Annotated:
        return annotation.__origin__, annotation.__metadata__
    return annotation, ()


def metadata(annotation: Any, kind: type[Any]) -> Any:
    """Return the last piece of metadata of a kind, an instance or the class itself; None if there is none."""
    for piece in reversed(unwrap(annotation)[1]):
        if isinstance(piece, kind):
            return piece
    return None


def without(annotation: Any, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    """Return an annotation without its metadata of a kind, or of several."""
    plain, pieces = unwrap(annotation)
    rest = tuple(piece for piece in pieces if not isinstance(piece, kind))
    return Annotated[(plain, *rest)] if rest else plain


def optional(annotation: Any) -> tuple[Any, bool]:
    """Return the type without ``| None``, and whether None was allowed."""
    plain, _ = unwrap(annotation)
    if get_origin(plain) not in (Union, types.UnionType):
        return annotation, plain is NoneType
    members = get_args(plain)
    rest = tuple(member for member in members if member is not NoneType)
    if len(rest) == len(members):
        return annotation, False
    return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007 - created at run time


def variables_of(cls: type[Any], alias: Any = None) -> dict[type[Any], dict[Any, Any]]:
    """Return the values of type variables for a class, or its generic alias, and for each of its bases."""
    found: dict[type[Any], dict[Any, Any]] = {}
    found[cls] = dict(zip(getattr(cls, "__parameters__", ()), get_args(alias), strict=False))
    for one in cls.__mro__:
        own = found.setdefault(one, {})
        for base in one.__dict__.get("__orig_bases__", ()):
            origin = get_origin(base)
            if origin is None or origin is Generic:
                continue
            given = tuple(expand(argument, own) for argument in get_args(base))
            found.setdefault(origin, dict(zip(getattr(origin, "__parameters__", ()), given, strict=False)))
    return found
