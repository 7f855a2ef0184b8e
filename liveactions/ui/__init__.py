"""Components that templates use as tags, ``<ui.Table rows="{{ books }}">``, and the values that they show.

The templates are in ``components/ui``. An application's own file of the same name is used instead.
"""

from .chart import Chart, chart, sparkline
from .code import highlight
from .markdown import markdown
from .table import Column, Rows, View, rows
from .tree import Node, tree

__all__ = [
    "Column",
    "View",
    "Rows",
    "rows",
    "Node",
    "tree",
    "Chart",
    "chart",
    "sparkline",
    "highlight",
    "markdown",
]
