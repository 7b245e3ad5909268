"""How a file is damaged: its bytes at random, or its fields, so that all else in it stays sound."""

from __future__ import annotations

import gzip
import json
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

Bytes = bytes | bytearray
EXTREME = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
ODD = (
    0, 1, -1, 2, 3, 7, 1000, 2**31, 2**40, 2**63, -(2**63), 10**30, 0.5, -0.5, 1e-30, 1e38, 1e300, True, False,
    None, "", "x", "é\u2028", "x" * 5000, [], {}, [1], [1, 1], [0, 0], [-1, 1], [[]], {"a": 1},
)  # fmt: skip
TEXT_NUMBERS = (
    b"-1",
    b"0",
    b"3",
    b"1e400",
    b"-0",
    b"NaN",
    b"99999999999999999999",
    b"null",
    b'"a"',
    b"[]",
    b"{}",
    b"0.5",
)


def flip(b: bytearray, rng: random.Random) -> Bytes:
    """Some bits."""
    for _ in range(rng.choice((1, 1, 2, 8))):
        b[_place(b, rng)] ^= 1 << rng.randrange(8)
    return b


def cut(b: bytearray, rng: random.Random) -> Bytes:
    """The end is missing."""
    return b[: rng.choice((_place(b, rng), max(0, len(b) - rng.randint(1, 16))))]


def lengthen(b: bytearray, rng: random.Random) -> Bytes:
    """There is more behind the end."""
    return b + rng.choice((rng.randbytes(rng.randint(1, 64)), b[:64], bytes(rng.randint(1, 2000)), bytes(b)))


def drop(b: bytearray, rng: random.Random) -> Bytes:
    """A block is missing."""
    first, last = _block(b, rng)
    return b[:first] + b[last:]


def repeat(b: bytearray, rng: random.Random) -> Bytes:
    """A block occurs twice."""
    first, last = _block(b, rng)
    return b[:last] + b[first:]


def swap(b: bytearray, rng: random.Random) -> Bytes:
    """Two blocks have changed places."""
    (a, c), (d, e) = sorted((_block(b, rng), _block(b, rng)))
    return b if c > d else b[:a] + b[d:e] + b[c:d] + b[a:c] + b[e:]


def overwrite(b: bytearray, rng: random.Random) -> Bytes:
    """A block holds something else."""
    first, last = _block(b, rng)
    b[first:last] = rng.choice((bytes(last - first), b"\xff" * (last - first), rng.randbytes(last - first)))
    return b


def extreme(b: bytearray, rng: random.Random) -> Bytes:
    """A binary number is extreme."""
    kind = rng.choice("BHIQ")
    packed = struct.pack(rng.choice("<>") + kind, rng.choice(EXTREME) % 256 ** struct.calcsize("=" + kind))
    first = _place(b, rng)
    b[first : first + len(packed)] = packed
    return b


def text_number(b: bytearray, rng: random.Random) -> Bytes:
    """A number in text is another, or something else."""
    found = list(re.finditer(rb"(?<=[\s,:\[])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=[\s,\]}])", b))
    if not found:
        return extreme(b, rng)
    number = rng.choice(found)
    return b[: number.start()] + rng.choice(TEXT_NUMBERS) + b[number.end() :]


RANDOM = (flip, cut, lengthen, drop, repeat, swap, overwrite, extreme, text_number)


def at_random(contents: Bytes, rng: random.Random) -> bytes:
    """One kind of damage, or two."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        if contents:
            contents = rng.choice(RANDOM)(bytearray(contents), rng)
    return bytes(contents)


def in_gzip(contents: bytes, rng: random.Random) -> bytes:
    """Damage to what is packed; the packing is sound."""
    return gzip.compress(at_random(gzip.decompress(contents), rng), mtime=0)


def in_png(contents: bytes, rng: random.Random) -> bytes:
    """Damage to a chunk, whose length and checksum are then put right."""
    chunks = list(_chunks(contents))
    place = rng.randrange(len(chunks))
    kind, data = chunks[place]
    with suppress(zlib.error):
        chunks[place] = (kind, zlib.compress(at_random(zlib.decompress(data), rng)) if kind == b"IDAT" else b"")
    if chunks[place][1] == b"":
        chunks[place] = (kind, at_random(data, rng))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return contents[:8] + b"".join(packed)


def in_tar(contents: bytes, rng: random.Random) -> bytes:
    """Damage to a header, whose checksum is then put right."""
    b = bytearray(contents)
    headers = [i for i in range(0, len(b), 512) if b[i + 257 : i + 262] == b"ustar"]
    first = rng.choice(headers)
    header = bytearray(at_random(b[first : first + 512], rng)[:512].ljust(512, b"\0"))
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    b[first : first + 512] = header
    return bytes(b)


def in_safetensors(contents: bytes, rng: random.Random) -> bytes:
    """Damage to a field of the header, or of the JSON that it holds; the header's length is then put right."""
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    ours = header.get("__metadata__", {}).get("minicnn")
    if ours and rng.random() < 0.8:
        header["__metadata__"]["minicnn"] = json.dumps(_odd_field(json.loads(ours), rng))
    else:
        header = _odd_field(header, rng)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + contents[8 + length :]


def in_json_lines(contents: bytes, rng: random.Random) -> bytes:
    """Damage to a field of one line."""
    lines = contents.decode().splitlines()
    place = rng.randrange(len(lines))
    lines[place] = json.dumps(_odd_field(json.loads(lines[place]), rng))
    return "\n".join(lines).encode()


def in_protobuf(contents: bytes, rng: random.Random) -> bytes:
    """Damage to some fields of an ONNX model."""
    import onnx

    model = onnx.ModelProto.FromString(contents)
    for _ in range(rng.choice((1, 1, 2))):
        fields = list(_fields(model.graph))
        message, field, i = rng.choice(fields)
        with suppress(ValueError, TypeError):  # a value that this type cannot hold: the next
            _damage_field(message, field, i, rng)
    return bytes(model.SerializeToString())


def _odd_field(value: Any, rng: random.Random) -> Any:
    """A JSON value, one field of which is odd, missing, or another's."""
    places = list(_json_places(value))
    if not places:
        return rng.choice(ODD)
    holder, key = rng.choice(places)
    act = rng.randrange(8)
    if act == 0 and isinstance(holder, dict):
        del holder[key]
    elif act == 1:
        other, its_key = rng.choice(places)
        holder[key], other[its_key] = json.loads(json.dumps((other[its_key], holder[key])))
    else:
        holder[key] = rng.choice(ODD)
    return value


def _json_places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _json_places(value[key])


def _fields(message: Any) -> Iterator[tuple[Any, Any, int | None]]:
    """Every field of a message and of those inside: the message, the field, the place in a repeated one."""
    for field, value in message.ListFields():
        inside = field.message_type is not None
        for i, item in enumerate(value) if _repeated(field) else [(None, value)]:
            yield message, field, i
            if inside:
                yield from _fields(item)


def _repeated(field: Any) -> bool:
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def _damage_field(message: Any, field: Any, i: int | None, rng: random.Random) -> None:
    values = getattr(message, field.name)
    if i is None:
        if field.message_type is not None or rng.random() < 0.2:
            message.ClearField(field.name)
        else:
            setattr(message, field.name, _odd_scalar(values, rng))
    elif field.message_type is not None or rng.random() < 0.3:
        act = rng.randrange(3)
        if act == 0:
            del values[i]
        elif act == 1:
            values.append(values[i])
        else:
            items = list(values)
            rng.shuffle(items)
            del values[:]
            values.extend(items)
    else:
        values[i] = _odd_scalar(values[i], rng)


def _odd_scalar(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bytes):
        return at_random(value, rng)
    if isinstance(value, str):
        return rng.choice(("", "x", value[:-1], value + "x", value * 2))
    return rng.choice([odd for odd in ODD if type(odd) in (int, float)])


def _place(b: Bytes, rng: random.Random) -> int:
    """Half of all damage is done near the beginning, where files say what they hold."""
    return rng.randrange(min(len(b), 256) if rng.random() < 0.5 else len(b))


def _block(b: Bytes, rng: random.Random) -> tuple[int, int]:
    first = _place(b, rng)
    return first, min(len(b), first + rng.choice((1, 2, 4, 8, 16, 64, 512, 4096)))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


Harm = Callable[[bytes, random.Random], bytes]
