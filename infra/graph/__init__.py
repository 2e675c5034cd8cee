"""The graph of a stack: a model, its stable text, and the comparison of two.

No Pulumi import anywhere below this package: policies, comparisons and the tests of both run without it.
"""

from infra.graph.changes import GraphDiff, PathChange, ResourceChange
from infra.graph.data_bearing import holds_data
from infra.graph.diff import diff
from infra.graph.errors import GraphError
from infra.graph.model import SECRET, UNKNOWN, Child, Graph, Resource, tree
from infra.graph.render import render_markdown
from infra.graph.rules import Rule, Rules, load_rules, parse_rules

__all__ = [
    "SECRET",
    "UNKNOWN",
    "Child",
    "Graph",
    "GraphDiff",
    "GraphError",
    "PathChange",
    "Resource",
    "ResourceChange",
    "Rule",
    "Rules",
    "diff",
    "holds_data",
    "load_rules",
    "parse_rules",
    "render_markdown",
    "tree",
]
