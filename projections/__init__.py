"""The read models, one module each: its row, which facts concern it, its fold, and its queries, side by side; all that
is said of it in one `ReadModel`.

To add one: write the module. Its table is made from `row`; raise `version` when the fold changes.
"""

from importlib import import_module
from pkgutil import iter_modules

from projections.read_model import ReadModel

# Found, so that none is left out: without its table, a read model would fail whoever first asks for a row.
_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
_MODELS = {value for module in _MODULES for value in vars(module).values() if isinstance(value, ReadModel)}

ALL: tuple[ReadModel, ...] = tuple(sorted(_MODELS, key=lambda model: model.name))
