"""Request bodies: JSON bytes to typed requests, and every mistake to its own code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import isinf
from typing import Any, TypeVar, get_args

import msgspec

from aia_mas.domain.kernel.places import within
from aia_mas.interfaces.http.errors import (
    FieldError,
    InvalidBody,
    InvalidEncoding,
    InvalidNumber,
    MalformedJson,
    NulCharacter,
    RequestRefused,
    TooDeep,
)
from aia_mas.interfaces.http.problems import pointer_to
from aia_mas.interfaces.http.words import UNKNOWN_WORD, unknown_word, words_of

T = TypeVar("T")
Path = tuple[str | int, ...]

# An escaped NUL is six characters behind an even number of backslashes.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NOT_FINITE = re.compile(rb"-?(?:NaN|nan|Infinity|inf)\b")
_BYTE = re.compile(r"\(byte (\d+)\)")
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`", re.DOTALL)
_AT = " - at `$"
_HALF_A_PAIR = ("Input data was truncated", "JSON is malformed: invalid utf-16 surrogate pair")
_TOO_LARGE = "this number is too large"
_MOST_ERRORS = 20
_LONGEST_STEP = 128
_LONGEST_PLACE = 8_192


def decode(body: bytes, wanted: type[T]) -> T:
    """Return a body as a typed request.

    Raises:
        RequestRefused: It is not; the subclass, its code and its ``errors`` say why.
    """
    if b"\\u0000" in body and _ESCAPED_NUL.search(body):
        raise _nul(body)
    try:
        decoded: T = _decoder(wanted).decode(body)  # type: ignore[arg-type]
        return decoded
    except msgspec.ValidationError as error:
        raise _invalid(body, wanted, error) from None
    except msgspec.DecodeError as error:
        raise _malformed(body, str(error)) from None
    except UnicodeDecodeError:
        raise InvalidEncoding("The body holds text that is not valid UTF-8") from None
    except RecursionError:
        raise TooDeep from None


@cache
def _decoder(wanted: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _malformed(body: bytes, message: str) -> MalformedJson | InvalidNumber:
    if message.startswith(_HALF_A_PAIR):
        steps = next(_text_places(_leniently(body), _halved, ()), None)
        if steps is not None:
            path = tuple(map(_told, steps))
            wrong = [_error(MalformedJson.code, "half a surrogate pair is no character", path)]
            return MalformedJson(wrong[0].message, errors=wrong)
    if found := _BYTE.search(message):
        place = int(found[1])
        if _NOT_FINITE.match(body, place) or _NOT_FINITE.match(body, max(place - 1, 0)):
            message = f"NaN and Infinity are no numbers in JSON (byte {place})"
            steps = _not_finite_place(body)
            wrong = [] if steps is None else [_error("invalid_number", message, steps)]
            return InvalidNumber(message, errors=wrong)
    return MalformedJson(f"The body is not JSON: {message.removeprefix('JSON is malformed: ')}")


def _not_finite_place(body: bytes) -> Path | None:
    """Return where the first number is that is none, or none of ours (``1e999``).

    Python's own reader lets them pass.
    """
    mark = object()

    def read(number: str) -> object:
        return mark if isinf(float(number)) else None

    value = _leniently(body, parse_constant=lambda _: mark, parse_float=read)
    return next(_marked_places(value, mark, ()), None)


def _leniently(body: bytes, **hooks: Callable[[str], object]) -> Any:
    """Return what Python's own reader makes of a body; None: it cannot read it either."""
    try:
        return json.loads(body, **hooks)  # type: ignore[arg-type]
    except (ValueError, RecursionError):  # there is more that is wrong with it
        return None


def _marked_places(value: Any, mark: object, path: Path) -> Iterator[Path]:
    if value is mark:
        yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _marked_places(member, mark, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _marked_places(member, mark, (*path, index))


def _nul(body: bytes) -> RequestRefused:
    try:
        steps = next(_text_places(msgspec.json.decode(body), _holds_nul, ()), None)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _malformed(body, str(error))
    except RecursionError:
        return TooDeep()
    if steps is None:  # the key that held it stands twice, and the other one won
        return NulCharacter()
    # The NUL itself may be in a key: it must not come back in the answer.
    path = tuple(map(_told, steps))
    return NulCharacter(errors=[_error("nul_character", "a text must not hold NUL", path)])


def _text_places(value: Any, bad: Callable[[str], bool], path: Path) -> Iterator[Path]:
    """Yield where the texts and keys are that are bad."""
    if isinstance(value, str):
        if bad(value):
            yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            if bad(key):
                yield (*path, key)
            yield from _text_places(member, bad, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _text_places(member, bad, (*path, index))


def _holds_nul(text: str) -> bool:
    return "\0" in text


def _halved(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _told(step: str | int) -> str | int:
    """Return a step of a path so that it may come back in an answer."""
    if isinstance(step, int):
        return step
    return step.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()


def _invalid(body: bytes, wanted: Any, first: msgspec.ValidationError) -> RequestRefused:
    """Return all mistakes of a body; msgspec itself stops at the first one."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError:  # a number that no type holds
        error = _from_message(str(first), ())
        if error.code == "invalid_number" and (steps := _not_finite_place(body)) is not None:
            error = _error(error.code, _TOO_LARGE, steps)
        return InvalidBody([error])
    except msgspec.DecodeError as error:
        # What comes behind the first mistake is not even JSON.
        return _malformed(body, str(error))
    except UnicodeDecodeError:
        return InvalidEncoding("The body holds text that is not valid UTF-8")
    except RecursionError:
        return TooDeep()
    return InvalidBody(_mistakes(value, wanted, first))


def _mistakes(value: Any, wanted: Any, first: msgspec.ValidationError) -> list[FieldError]:
    found: list[FieldError] = []
    for error in _walk(value, wanted, ()):
        found.append(error)
        if len(found) == _MOST_ERRORS:
            break
    # A number may fit only as it was written (a Decimal of many digits); then the first one stands.
    return found or [_from_message(str(first), ())]


def _walk(value: Any, wanted: Any, path: Path) -> Iterator[FieldError]:
    if msgspec.Raw in (wanted, *get_args(wanted)):
        return  # whatever it is; it is looked at later
    struct = _struct_within(wanted)
    if struct is not None and isinstance(value, dict):
        yield from _walk_struct(value, struct, path)
    elif isinstance(value, dict) and (of := _value_type(wanted)) is not None:
        for key, member in value.items():
            yield from _walk(member, of, (*path, key))
    elif isinstance(value, list) and (of := _item_type(wanted)) is not None:
        for index, member in enumerate(value):
            yield from _walk(member, of, (*path, index))
    else:
        try:
            msgspec.convert(value, wanted)
        except msgspec.ValidationError as error:
            yield _from_message(str(error), path, words_of(wanted))


def _walk_struct(value: dict[str, Any], struct: Any, path: Path) -> Iterator[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name, member in value.items():
        if name in fields:
            yield from _walk(member, fields[name].type, (*path, name))
        elif struct.__struct_config__.forbid_unknown_fields:
            yield _error("unknown_field", "this field is not known here", (*path, name))
    for name, field in fields.items():
        if field.required and name not in value:
            yield _error("missing_field", "this field is needed", (*path, name))


def _struct_within(wanted: Any) -> Any:
    options = [wanted, *get_args(wanted)]
    return next((option for option in options if _is_struct(option)), None)


def _is_struct(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, msgspec.Struct)


def _value_type(wanted: Any) -> Any:
    """Return the type of a mapping's values, for ``dict[str, X]`` and unions that hold one."""
    for option in (wanted, *get_args(wanted)):
        if getattr(option, "__origin__", None) in {dict, Mapping}:
            return get_args(option)[1]
    return None


def _item_type(wanted: Any) -> Any:
    """Return the type of a sequence's items, for tuples, lists and unions that hold one."""
    for option in (wanted, *get_args(wanted)):
        if getattr(option, "__origin__", None) in {list, tuple}:
            return get_args(option)[0]
    return None


def _from_message(message: str, path: Path, words: Sequence[str] = ()) -> FieldError:
    """Return what one message of msgspec says, in our terms (``words``: those that it knows)."""
    # The message quotes the client's own words, of any length, in front of the place.
    text, found, place = message.rpartition(_AT)
    if found and len(place) <= _LONGEST_PLACE:
        path = (*path, *_steps(place.removesuffix("`")))
    else:
        text = message
    if missing := _MISSING.match(text):
        return _error("missing_field", "this field is needed", (*path, missing[1]))
    if unknown := _UNKNOWN.match(text):
        return _error("unknown_field", "this field is not known here", (*path, unknown[1]))
    if "out of range" in text:
        return _error("invalid_number", _TOO_LARGE, path)
    if text.startswith(UNKNOWN_WORD):
        return _error("invalid_value", unknown_word(text, words), path)
    return _error("invalid_type", text.replace("`", ""), path)


def _steps(place: str) -> list[str | int]:
    """Return the steps of msgspec's path, for example of ``.tasks[3].priority``."""
    steps: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[]+)|\[([^\[\]]*)\]", place):
        if name:
            steps.append(name)
        elif index.isdigit():
            steps.append(int(index))
    return steps


def _error(code: str, message: str, path: Path) -> FieldError:
    # Keys are the client's own; a huge one need not come back whole.
    path = tuple(step if isinstance(step, int) else step[:_LONGEST_STEP] for step in path[:64])
    field = ""
    for step in path:
        field = within(field, step)
    where = f"{field}: " if field else "The body: "
    return FieldError(code=code, message=where + message, field=field, pointer=pointer_to(*path))
