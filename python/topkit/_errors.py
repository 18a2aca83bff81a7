"""What topkit raises. Every sentence names the argument, its value and the rule.

Each class is also what the frameworks raise for the same mistake, so code that catches theirs goes on working:
torch raises RuntimeError where NumPy raises ValueError.
"""


class Error(Exception):
    """Base of everything topkit raises on its own account."""


class ArgumentError(Error, ValueError, RuntimeError):
    """A value that can never be right: k out of range, a wrong shape, mixed devices, a wrong `out`."""


class AxisError(Error, IndexError, ValueError):
    """`dim` or `axis` is not an axis of the input."""


class DTypeError(Error, TypeError, RuntimeError):
    """An element type that has no order (complex, bool, objects) or that the argument does not take."""


class UnsupportedError(Error, NotImplementedError):
    """A right call that this machine or this build cannot do; the sentence says what is missing."""


class DeviceError(Error, RuntimeError):
    """The CUDA driver refused, or a defect of topkit."""


KINDS = (ArgumentError, AxisError, DTypeError, UnsupportedError, DeviceError)
