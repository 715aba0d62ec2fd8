"""Lets the package, which takes `override` from Python 3.12's `typing`, run on Python 3.11, in its own processes too."""

import typing

import typing_extensions

if not hasattr(typing, "override"):
    typing.override = typing_extensions.override
