"""Writes .safetensors: a length, a JSON header, the bytes of the tensors. See cli/safetensors.hpp for its reader."""

import json
import pathlib

import numpy

NAMES = {"float16": "F16", "float32": "F32", "uint16": "U16"}


def write(path: pathlib.Path, tensors: dict[str, numpy.ndarray], header_bytes: int) -> None:
    """The header is filled up with blanks to the given size, so that the first tensor begins 8 bytes behind it."""
    header, place = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": NAMES[str(tensor.dtype)], "shape": tensor.shape, "data_offsets": [place, place + tensor.nbytes]}
        place += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > header_bytes:
        raise ValueError(f"header of {len(text)} bytes: more than the {header_bytes} that were given")
    with path.open("wb") as file:
        file.write(header_bytes.to_bytes(8, "little") + text.ljust(header_bytes))
        for tensor in tensors.values():
            file.write(numpy.ascontiguousarray(tensor).tobytes())
