"""Jane Austen's six novels (public domain), from Debian's package r-cran-janeaustenr.

R keeps them as one compressed vector of lines a novel; apt-get install is not needed:

    apt-get download r-cran-janeaustenr && dpkg -x r-cran-janeaustenr_*.deb FOLDER
"""

import pathlib
import re
import struct
import zlib

PLACE = "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
VECTOR_OF_STRINGS, STRING, HEADER_BYTES = 0x10, 0x09, 14  # R's serialization, version 3, big-endian (R Internals, 1.8)


def lines_of(data: bytes) -> list[str]:
    """The lines of a serialized character vector."""
    (encoding_bytes,) = struct.unpack_from(">i", data, HEADER_BYTES)
    place = HEADER_BYTES + 4 + encoding_bytes
    kind, count = struct.unpack_from(">ii", data, place)
    if kind & 0xFF != VECTOR_OF_STRINGS:
        raise ValueError(f"R object of type {kind & 0xFF} where a vector of strings is expected")
    place += 8
    lines = []
    for _ in range(count):
        kind, length = struct.unpack_from(">ii", data, place)
        if kind & 0xFF != STRING or length < 0:
            raise ValueError(f"R object of type {kind & 0xFF} and length {length} where a string is expected")
        lines.append(data[place + 8 : place + 8 + length].decode("utf-8"))
        place += 8 + length
    return lines


def paragraphs(lines: list[str]) -> str:
    """One paragraph a line, without headings and underscores, and in ASCII, whose quotes do not know their side."""
    text = "\n".join(line.strip() for line in lines)
    for pattern, plain in (("[\u201c\u201d]", '"'), ("[\u2018\u2019`]", "'"), ("_", ""), ("\u2014", "--"), ("[\xe8-\xeb]", "e")):
        text = re.sub(pattern, plain, text)
    text = re.sub(r"[^\n -~]", "", text)
    kept = []
    for paragraph in re.split(r"\n\s*\n", text):
        joined = " ".join(paragraph.split())
        if re.search(r"[a-z]{2}.*[.!?;:,\"'-]", joined) and not re.match(r"(chapter|volume|by|the end|finis)\b", joined, re.I):
            kept.append(joined)
    return "\n".join(kept) + "\n"


def novels(folder: pathlib.Path) -> list[str]:
    """The text of each novel below the folder that the package was unpacked to (/ where it is installed)."""
    path = folder / PLACE
    if not path.exists():
        raise SystemExit(f"{path}: not there.\n{__doc__}")
    data, texts = path.read_bytes(), []
    while data:
        inflate = zlib.decompressobj()  # an object is its length, which zlib knows too, and a zlib stream
        texts.append(paragraphs(lines_of(inflate.decompress(data[4:]))))
        data = inflate.unused_data
    return texts


def split(texts: list[str]) -> tuple[str, str]:
    """What is learnt from, and what the model is judged by: two hundredths out of the middle of each novel."""
    learnt, held = [], []
    for text in texts:
        begin, end = (text.index("\n", len(text) * share // 100) + 1 for share in (50, 52))
        learnt += [text[:begin], text[end:]]
        held.append(text[begin:end])
    return "".join(learnt), "".join(held)
