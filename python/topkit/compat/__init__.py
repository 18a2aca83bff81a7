"""Modules with other libraries' names and signatures, on topkit: change the import, keep the code."""


def __getattr__(name: str):
    if name == "flashinfer":
        import importlib

        return importlib.import_module("topkit.compat.flashinfer")
    raise AttributeError(f"module 'topkit.compat' has no attribute {name!r}")
