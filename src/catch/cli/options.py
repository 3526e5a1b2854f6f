"""click's decorators with types that a strict checker can follow: click leaves some of its own unsaid."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import rich_click as click

F = TypeVar("F", bound=Callable[..., Any])

_click = cast("Any", click)


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    return _click.option(*names, **settings)


def argument(*names: str, **settings: Any) -> Callable[[F], F]:
    return _click.argument(*names, **settings)


def version_option(**settings: Any) -> Callable[[F], F]:
    return _click.version_option(**settings)
