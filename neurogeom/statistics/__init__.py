"""Intervals, tests and corrections that every room uses."""

from __future__ import annotations
