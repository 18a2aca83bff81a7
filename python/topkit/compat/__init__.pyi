from . import flashinfer as flashinfer
