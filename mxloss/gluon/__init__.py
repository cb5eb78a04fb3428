"""Gluon: for now its losses."""

from . import loss

__all__ = ["loss"]
