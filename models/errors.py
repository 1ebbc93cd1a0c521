"""The errors of Copydesk: each message says what is wrong, where, and the way out."""

from __future__ import annotations


class CopydeskError(Exception):
    """Base of every error that Copydesk raises on purpose; its message is meant for the user."""


class ModelError(CopydeskError):
    """A model folder, an encoder or an adapter is missing, damaged, or does not fit."""


class DataError(CopydeskError):
    """Input data cannot be used as asked; the message names file, row and column."""
