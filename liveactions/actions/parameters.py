"""Plans how to fill the parameters of a function.

`ParameterPlan.of` reads a signature once, and gives each `Parameter` a kind by its annotation: a form field,
a bound argument, a file, a draft, a dependency, or another injected value. `ParameterPlan.fill` then takes
the values from a form or from a script's arguments.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, ForwardRef, Literal, Union, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import HTTPConnection, Request

from ..exceptions import path_name
from ..type_hints import (
    Variables,
    check_field_info,
    check_parts,
    expand,
    hints,
    metadata,
    optional,
    record_hints,
    signature_of,
    unwrap,
    without,
)
from ..types import DirectUpload
from .codec import SCALARS, Codec, codec
from .files import file, file_limits, is_direct, is_file, is_list
from .form_input import MISSING, Arguments, Draft, Input, Node, TooMany, draft_of
from .form_readers import DictReader, ListReader, Reader, is_model, is_secret, reader, secrets
from .markers import (
    BODIES,
    HEADER_PARTS,
    REQUEST_PARTS,
    BoundMarker,
    Depends,
    Event,
    NamedMarker,
    PrevMarker,
    Source,
    dependency_of,
    marked,
    source_of,
)
from .messages import message, text

Kind = Literal[
    "field",
    "file",
    "bound",
    "request",
    "source",
    "form",
    "previous",
    "event",
    "depends",
    "component",
    "draft",
]
_NAMED: Final = ("field", "bound", "file", "draft")
_INT_DIGITS: Final = 18


_WHOLE: Final = (Draft, Event, FormData, HTTPConnection)
"""Classes that can be the type of a parameter, but not a part of a type."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function."""

    name: str
    kind: Kind
    annotation: Any = Any
    required: bool = True
    """Whether there is no default."""
    depends: Depends | None = None
    source: Source | None = None

    @cached_property
    def codec(self) -> Codec:
        """Converts values to JSON and back. Raises `TypeError` if the annotation doesn't allow that."""
        try:
            return codec(self.annotation)
        except PydanticSchemaGenerationError as error:
            raise TypeError(
                f"parameter {self.name!r}: a value of {self.annotation!r} can't be read from a form or from"
                f" JSON. If a dependency provides it, write it {self.name}: Annotated[…, Depends(function)]"
            ) from error
        except Exception as error:  # pydantic may raise anything
            raise TypeError(f"parameter {self.name!r}: {error}") from error

    @cached_property
    def reader(self) -> Reader:
        return reader(self.annotation)

    @cached_property
    def classes(self) -> tuple[type[Any], ...]:
        """The classes that the annotation names, for a component injected by its class."""
        return _classes(self.annotation)

    @cached_property
    def files(self) -> file:
        """The limits of a file parameter."""
        return file_limits(self.annotation)

    @cached_property
    def is_direct(self) -> bool:
        """Whether it accepts files that are sent to object storage."""
        return self.kind == "file" and is_direct(self.annotation)

    @property
    def takes_several(self) -> bool:
        """Whether this is a list of files."""
        return is_list(self.annotation)

    @cached_property
    def is_nullable(self) -> bool:
        return optional(self.annotation)[1]

    @cached_property
    def is_model(self) -> bool:
        return self.kind == "draft" or (self.kind == "field" and is_model(self.annotation))

    @cached_property
    def _plain(self) -> Any:
        """The annotation if it is just `int`, `str` or Any; otherwise None."""
        return self.annotation if self.annotation in (int, str, Any) else None

    def copy(self, value: Any) -> Any:
        """Return a bound value as it would be after a round trip: a copy, of the annotation's type."""
        if type(value) in SCALARS:
            return value
        return self.codec.load(self.codec.dump(value))

    def read(self, node: Node) -> Any:
        """Return the raw value from a form's node, or `MISSING`."""
        if not node and not self.required and isinstance(self.reader, ListReader | DictReader):
            return MISSING
        return self.reader.read(node)

    def parse(self, raw: Any) -> Any:
        """Validate a raw value. Raise pydantic's `ValidationError` if it doesn't fit."""
        plain = self._plain
        if plain is not None and type(raw) is str:
            if plain is not int:
                return raw
            if len(raw) <= _INT_DIGITS and raw.isascii() and raw.isdigit():
                return int(raw)
        return self.codec.parse(raw)


Errors = dict[str, str]
"""Messages by field path; ``""`` is the whole form."""


@dataclass(frozen=True)
class ParameterPlan:
    """A function's parameters, and how to fill them."""

    name: str
    parameters: tuple[Parameter, ...]
    is_async: bool = False
    """Whether calling the function returns a coroutine."""

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        *,
        skip: int = 0,
        names: Mapping[str, Any] | None = None,
        variables: Variables = MappingProxyType({}),
        is_dependency: bool = False,
    ) -> ParameterPlan:
        """Return the plan of a function, without its first `skip` parameters.

        `names` and `variables` are names and type variables that its annotations may use. Raise `TypeError`
        if a parameter can't be filled.
        """
        called = _annotated(function)
        types = hints(called, names, variables)
        parameters = list(signature_of(function).parameters.values())[skip:]
        title = getattr(function, "__qualname__", repr(function))
        return cls(
            title,
            tuple(
                _parameter(
                    one,
                    types[one.name] if one.name in types else _own_type(function, one, title),
                    title,
                    is_dependency,
                )
                for one in parameters
            ),
            inspect.iscoroutinefunction(function),
        )

    def check(self) -> None:
        """Raise `TypeError` if a parameter's annotation can't be represented in a form or in JSON.

        This includes the parameters of dependencies.
        """
        for one in self.parameters:
            if one.depends is not None:
                plan_of(one.depends.dependency).check_unbound()
            elif one.kind in ("field", "bound", "draft", "source"):
                try:
                    one.codec  # noqa: B018 - evaluated for its errors
                except TypeError as error:
                    raise TypeError(f"{self.name}: {error}") from error

    def check_unbound(self) -> None:
        """Like `check`, for a function that has neither bound arguments nor a form."""
        self.check()
        for one in self.parameters:
            if one.kind in ("bound", "file", "draft") and one.required:
                raise TypeError(f"{self.name}: {one.name!r} can only be a parameter of an action")

    @cached_property
    def bindable(self) -> tuple[Parameter, ...]:
        """Parameters that a template may bind, in order."""
        return tuple(one for one in self.parameters if one.kind in ("field", "bound"))

    @cached_property
    def scalars(self) -> tuple[frozenset[type[Any]], ...]:
        """For each bindable parameter, the types whose values need no validation."""
        return tuple(one.codec.scalars for one in self.bindable)

    @cached_property
    def demands(self) -> int:
        """The minimum number of leading arguments that a template has to bind."""
        must = [n for n, one in enumerate(self.bindable, 1) if one.kind == "bound" and one.required]
        return max(must, default=0)

    @cached_property
    def named(self) -> tuple[Parameter, ...]:
        """Parameters filled by name: bound arguments, fields, files, drafts."""
        return tuple(one for one in self.parameters if one.kind in _NAMED)

    @cached_property
    def files(self) -> Mapping[str, Parameter]:
        """File parameters, by field name."""
        return {one.name: one for one in self.parameters if one.kind == "file"}

    @cached_property
    def direct(self) -> tuple[str, ...]:
        """The names of file parameters for files in object storage."""
        return tuple(one.name for one in self.parameters if one.is_direct)

    @cached_property
    def injected(self) -> tuple[Parameter, ...]:
        """Parameters filled by their annotation."""
        return tuple(one for one in self.parameters if one.kind not in _NAMED)

    @cached_property
    def sources(self) -> tuple[tuple[Parameter, Source], ...]:
        """Parameters that FastAPI's markers read from the request."""
        return tuple((one, one.source) for one in self.parameters if one.source is not None)

    @cached_property
    def whole(self) -> Parameter | None:
        """The parameter that takes the whole form: the only model."""
        models = [one for one in self.parameters if one.is_model]
        return models[0] if len(models) == 1 else None

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Names of fields that must not be shown again, by their type."""
        found = {one.name for one in self.named if is_secret(one.annotation)}
        for one in self.named:
            prefix = "" if one is self.whole else f"{one.name}."
            found |= {prefix + name for name in secrets(one.annotation)}
        return frozenset(found)

    def fill(
        self,
        bound: Mapping[str, Any],
        given: Input,
        texts: Mapping[str, str],
        raw: bool = False,
        upload: int | None = None,
    ) -> tuple[dict[str, Any], Errors]:
        """Return values for the parameters filled by name, and error messages by field.

        With `raw`, submitted values aren't validated. `upload` is the maximum file size in bytes, for
        parameters that don't set one.
        """
        if isinstance(given, Arguments):
            return self._from_script(bound, given.values, texts)
        try:
            return self._from_form(bound, given, texts, raw, upload)
        except TooMany as error:
            return {}, {str(error): text("too_many", texts)}

    def read(
        self, request: Request, query: Iterable[tuple[str, str]], texts: Mapping[str, str]
    ) -> tuple[dict[str, Any], Errors]:
        """Return values for the parameters that are read from the request, and error messages by name.

        `query` is the page's own query string, because the request may be a socket's, which has none.
        """
        values: dict[str, Any] = {}
        errors: Errors = {}
        pairs = dict(query)
        for one, source in self.sources:
            raw = source.read(request, pairs)
            if raw is MISSING and source.default is not MISSING:
                values[one.name] = source.default
            elif raw is MISSING:
                errors[source.name] = message({"type": "missing", "msg": ""}, texts)
            else:
                try:
                    values[one.name] = one.parse(raw)
                except ValidationError as invalid:
                    [error, *_] = invalid.errors(include_url=False, include_input=False)
                    errors[source.name] = message(error, texts)
        return values, errors

    def _from_form(
        self,
        bound: Mapping[str, Any],
        given: Input,
        texts: Mapping[str, str],
        raw: bool,
        upload: int | None,
    ) -> tuple[dict[str, Any], Errors]:
        values: dict[str, Any] = {}
        errors: Errors = {}
        for one in self.named:
            if one.name in bound:
                values[one.name] = one.copy(bound[one.name])
            elif one.kind == "file":
                _take_file(one, given, values, errors, texts, upload)
            elif one.kind == "draft":
                node = given.tree if one is self.whole else given.node(one.name, True)
                values[one.name] = Draft(one.reader.typed(node))
            elif one.kind == "field" and (one.required or given):
                self._take(one, given, values, errors, texts, raw)
        return values, errors

    def _from_script(
        self, bound: Mapping[str, Any], given: Mapping[str, Any], texts: Mapping[str, str]
    ) -> tuple[dict[str, Any], Errors]:
        """Fill parameters from a script's arguments: data instead of text. Unknown names are errors."""
        values = dict(bound)
        fields = {one.name: one for one in self.named if one.kind == "field" and one.name not in bound}
        unknown = {"type": "unexpected_keyword_argument", "msg": "Unexpected argument"}
        errors: Errors = {name: message(unknown, texts) for name in given if name not in fields}
        for name, one in fields.items():
            if name not in given:
                _missing(one, values, errors, texts)
                continue
            try:
                values[name] = one.codec.parse(given[name])
            except ValidationError as invalid:
                for error in invalid.errors(include_url=False, include_input=False):
                    errors.setdefault(path_name((name, *error["loc"])), message(error, texts))
        return values, errors

    def _take(
        self,
        one: Parameter,
        given: Input,
        values: dict[str, Any],
        errors: Errors,
        texts: Mapping[str, str],
        raw: bool,
    ) -> None:
        whole = one is self.whole and one.name not in given.by_name
        node = given.tree if whole else given.node(one.name, one.reader.structured)
        value = one.read(node)
        if value is MISSING:
            _missing(one, values, errors, texts)
            return
        try:
            values[one.name] = value if raw else one.parse(value)
        except ValidationError as invalid:
            prefix = () if whole else (one.name,)
            for error in invalid.errors(include_url=False, include_input=False):
                path = path_name((*prefix, *one.reader.locate(error["loc"], node)))
                errors.setdefault(path, message(error, texts))


def _missing(one: Parameter, values: dict[str, Any], errors: Errors, texts: Mapping[str, str]) -> None:
    if not one.required:
        return
    if one.is_nullable:
        values[one.name] = None
    else:
        errors[one.name] = message({"type": "missing", "msg": ""}, texts)


def _take_file(
    one: Parameter,
    given: Input,
    values: dict[str, Any],
    errors: Errors,
    texts: Mapping[str, str],
    most: int | None,
) -> None:
    """Take the files of a name: the last one, or a list of all. Text values of that name are ignored."""
    files = [value for value in given.by_name.get(one.name, ()) if isinstance(value, UploadFile)]
    objections = [text for text in (one.files.objection(upload, texts, most) for upload in files) if text]
    if not one.is_direct and any(isinstance(value, DirectUpload) for value in files):
        objections.append(text("file_refused", texts))  # it was sent for another parameter
    if objections:
        errors[one.name] = objections[0]
    elif one.takes_several:
        values[one.name] = files
    elif files:
        values[one.name] = files[-1]
    else:
        _missing(one, values, errors, texts)


def _parameter(parameter: inspect.Parameter, annotation: Any, title: str, is_dependency: bool) -> Parameter:
    name = parameter.name
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(
            f"{title}: {name!r} can't be filled by name; use an ordinary parameter, without * or /"
        )
    depends = dependency_of(annotation, parameter.default)
    if depends is not None:
        return Parameter(name, "depends", annotation, depends=depends)
    if is_dependency and marked(annotation, parameter.default, BODIES):
        raise TypeError(f"{title}: {name!r} is read from the request body, but pages are opened with GET")
    found = source_of(name, annotation, parameter.default, REQUEST_PARTS if is_dependency else HEADER_PARTS)
    if found is not None:
        source, annotation = found
        return Parameter(name, "source", annotation, source.default is MISSING, source=source)
    required = parameter.default is parameter.empty
    model = draft_of(annotation)
    where = f"{title}: parameter {name!r}"
    if model is not None:
        if not is_model(model):
            raise TypeError(f"{title}: {name!r} is a Draft of {model!r}, which has no fields")
        check_parts(model, where, _WHOLE)
        return Parameter(name, "draft", model)
    kind = _kind(annotation)
    if kind in _NAMED:
        check_parts(annotation, where, _WHOLE)
        check_field_info(annotation, where, parameter.default)
    return Parameter(name, kind, without(annotation, NamedMarker), required)


def _kind(annotation: Any) -> Kind:
    if metadata(annotation, BoundMarker):
        return "bound"
    if metadata(annotation, PrevMarker):
        return "previous"
    plain, _ = unwrap(optional(annotation)[0])
    if get_origin(plain) is list and is_file((*get_args(plain), None)[0]):
        return "file"
    classes = _classes(plain)
    if classes and all(hasattr(cls, "__fragment__") for cls in classes):
        return "component"
    cls = get_origin(plain) or plain
    if not isinstance(cls, type):
        return "field"
    if is_file(cls):
        return "file"
    injected: tuple[tuple[type, Kind], ...] = (
        (HTTPConnection, "request"),
        (FormData, "form"),
        (Event, "event"),
    )
    return next((kind for base, kind in injected if issubclass(cls, base)), "field")


def _classes(annotation: Any) -> tuple[type[Any], ...]:
    """Return the classes of a class or a union; empty if the annotation names anything else."""
    plain, _ = unwrap(optional(annotation)[0])
    members = get_args(plain) if get_origin(plain) in (Union, types.UnionType) else (plain,)
    found = [get_origin(member) or member for member in members]
    return tuple(found) if all(isinstance(cls, type) for cls in found) else ()


def _own_type(function: Callable[..., Any], parameter: inspect.Parameter, title: str) -> Any:
    """Return the annotation of a parameter that only the signature has.

    This is the case for classes without an `__init__` of their own and for decorated functions. Raise
    `TypeError` for text, because the module it refers to is unknown.
    """
    if inspect.isclass(function):
        known = record_hints(function)
        if parameter.name in known:
            return known[parameter.name]
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return Any
    if isinstance(annotation, (str, ForwardRef)):
        raise TypeError(
            f"{title}: the annotation {annotation!r} of {parameter.name!r} can't be resolved;"
            " use functools.wraps in decorators, and give a class that is called an __init__"
        )
    return expand(annotation)


def _annotated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that has a callable's annotations: a class's `__init__`, an object's `__call__`."""
    while isinstance(function, partial):
        function = function.func
    if inspect.isclass(function):
        return function.__init__
    if inspect.isroutine(function) or hasattr(function, "__wrapped__") or hasattr(function, "__globals__"):
        return function
    return type(function).__call__


@lru_cache(maxsize=1024)
def plan_of(function: Callable[..., Any]) -> ParameterPlan:
    """Return the plan of a guard or a dependency. Plans are cached."""
    return ParameterPlan.of(function, is_dependency=True)
