"""PNG files written by hand: of kinds that Pillow does not write, or that declare more than they hold."""

import struct
import zlib


def png(width, height, bits, color, rows, *chunks):
    """A PNG written by hand, of kinds that Pillow does not write."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
