"""NumPy, CuPy and JAX: what people write there for a top-k."""

import importlib
import os
from functools import cache

from .._call import dtype_name
from ._base import NOT_OF_NUMPY, Backend, has


def partition(xp, x, k, dim, largest, sorted):
    """argpartition, then a sort of the k: neither library has a top-k that gives values and indices."""
    cols = x.shape[dim]
    x = xp.moveaxis(x, dim, -1)
    if k in (0, cols):
        indices = xp.broadcast_to(xp.arange(k), (*x.shape[:-1], k))
    else:
        at = cols - k if largest else k - 1
        indices = xp.argpartition(x, at, axis=-1)
        indices = indices[..., at:] if largest else indices[..., :k]
    values = xp.take_along_axis(x, indices, -1)
    if sorted:
        order = xp.argsort(values, axis=-1)
        order = order[..., ::-1] if largest else order
        indices, values = xp.take_along_axis(indices, order, -1), xp.take_along_axis(values, order, -1)
    return tuple(xp.ascontiguousarray(xp.moveaxis(part, -1, dim)) for part in (values, indices))


class Numpy(Backend):
    name, what, kind, package = "numpy", "numpy.argpartition, then a sort of the winners", "numpy", "numpy"
    devices = ("cpu",)

    def missing(self):
        return None if has(self.kind) else f"{self.kind} is not installed"

    def run(self, x, k, dim, largest, sorted):
        return partition(importlib.import_module(self.kind), x, k, dim, largest, sorted)


class Cupy(Numpy):
    name, what, kind, package = "cupy", "cupy.argpartition, which sorts the row", "cupy", "cupy-cuda13x"
    devices, nan, recordable = ("cuda",), "undefined", False

    def missing(self):
        if (why := super().missing()) is not None:
            return why
        import cupy

        return None if cupy.cuda.is_available() else "no CUDA device is usable from CuPy"

    def refuses(self, x, k, dim, largest, sorted):
        name = dtype_name(x.dtype)
        return f"x.dtype = {name}: CuPy sorts no such type" if name in NOT_OF_NUMPY else None

    def run(self, x, k, dim, largest, sorted):
        if x.size != x.shape[dim]:
            return super().run(x, k, dim, largest, sorted)
        # Of several axes CuPy sorts pairs (row, element), which takes a multiple; one row can go without.
        shape = list(x.shape)
        shape[dim] = k
        return tuple(part.reshape(shape) for part in super().run(x.reshape(-1), k, -1, largest, sorted))


class Jax(Backend):
    name, what, kind, package = "jax", "jax.lax.top_k", "jax", "jax"
    ties = "any"  # the lower index of equal bits, but +0 before -0 wherever they are
    keeps_nan = False  # on a GPU XLA gives a bfloat16 NaN as the canonical one
    own_stream = True

    def missing(self):
        if not has("jax"):
            return "jax is not installed"
        import jax

        self.devices = ("cpu", "cuda") if jax.default_backend() == "gpu" else ("cpu",)
        return None

    def refuses(self, x, k, dim, largest, sorted):
        import jax

        wide = str(x.dtype).endswith("64") and not jax.config.jax_enable_x64
        return f"x.dtype = {x.dtype}: 64-bit types need JAX_ENABLE_X64" if wide else None

    def run(self, x, k, dim, largest, sorted):
        return jitted()(x, k, dim, largest)

    def wait(self, result):
        import jax

        jax.block_until_ready(result)


@cache
def jitted():
    """Compiled once a shape: op by op each of these would be compiled, and dispatched in every call."""
    import jax
    import jax.numpy as jnp

    def topk(x, k, dim, largest):
        moved = jnp.moveaxis(x, dim, -1)
        if not largest:  # the complement of an integer, the negative of a float: both reverse the order, and themselves
            moved = reverse(moved)
        values, indices = jax.lax.top_k(moved, k)
        values = values if largest else reverse(values)
        return jnp.moveaxis(values, -1, dim), jnp.moveaxis(indices, -1, dim)

    def reverse(x):
        return ~x if jnp.issubdtype(x.dtype, jnp.integer) else -x

    return jax.jit(topk, static_argnums=(1, 2, 3))


# JAX takes three quarters of a GPU's memory at its first use unless it is told otherwise before.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
