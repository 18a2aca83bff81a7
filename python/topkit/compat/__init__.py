"""Modules with other libraries' names and signatures, on topkit: change the import, keep the code."""
