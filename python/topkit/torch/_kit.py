"""What topkit needs of torch: memory, streams, seeds, and arguments as tensors on the right device."""

import torch

from .._call import DTYPES
from .._errors import ArgumentError, DTypeError
from .._shapes import flat_rows

CODES = {getattr(torch, name): code for name, code in DTYPES.items() if hasattr(torch, name)}
_DTYPES = {name: getattr(torch, name) for name in ("int32", "int64", "float32", "bool")}

# From torch 2.10 on tensors bring DLPack's exchange table: torch's allocator and stream without torch's Python.
_HAS_TABLE = hasattr(torch.Tensor, "__dlpack_c_exchange_api__")


class Services:
    def code_of(self, name, x):
        if x.dtype not in CODES:
            raise DTypeError(f"{name}.dtype = {x.dtype}: must be one of {', '.join(map(str, CODES))}")
        return 0  # the binding reads it from the tensor

    def call(self, x, function, *arguments):
        """A function of the binding, whose last two arguments are workspace and stream."""
        if _HAS_TABLE or not x.is_cuda:
            function(*arguments, None, None)
            return
        size = function(*arguments, None, -1)
        workspace = torch.empty(size, dtype=torch.uint8, device=x.device) if size else None
        function(*arguments, workspace, torch.cuda.current_stream(x.device).cuda_stream)

    def array(self, name, value, like, dtype=None):
        """An argument that may be a list, of the type that is wanted."""
        wanted = _DTYPES.get(dtype)
        if not isinstance(value, torch.Tensor):
            value = torch.as_tensor(value, dtype=wanted, device=like.device)
        if value.device != like.device:
            raise ArgumentError(f"{name} is on {value.device}: all tensors must be on the device of x, {like.device}")
        return value if wanted is None or value.dtype == wanted else value.to(wanted)

    def per_row(self, name, value, batch, like, dtype=None):
        return None if value is None else flat_rows(name, self.array(name, value, like, dtype), tuple(batch))

    def exported(self, x):
        return x

    def list(self, name, value):
        return value

    def address(self, x):
        return x.data_ptr()

    def empty(self, shape, dtype, like):
        return torch.empty(shape, dtype=_DTYPES[dtype], device=like.device)

    def rows(self, name, x):
        """[rows, cols], the elements of a row neighbours in memory: x itself where its strides say so."""
        x = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        return x if x.shape[1] < 2 or x.stride(1) == 1 else x.contiguous()

    def seeds(self, count, like, generator):
        """Random int64, of `generator` or torch's own: on the device, so that a CUDA graph draws anew at each replay."""
        return torch.randint(-(1 << 63), (1 << 63) - 1, (count,), dtype=torch.int64, device=like.device, generator=generator)

    def is_generator(self, value):
        return isinstance(value, torch.Generator)
