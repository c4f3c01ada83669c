"""Fences that stand beside the fix: what to run, what comes out, how the fixed code is used."""

import ast

from stillwater.edits import forms
from stillwater.edits.code import Code, understand
from stillwater.edits.fences import Fence
from stillwater.edits.imports import Importing
from stillwater.edits.syntax import defines, nodes

NO_CODE = "commands and output left out"
EXAMPLE = "example left out"
_SHELL = {"bash", "sh", "shell", "console", "zsh", "shell-session"}
_OUTPUT = {"text", "txt", "output", "plaintext"}


def is_no_code(fence: Fence) -> bool:
    """Whether the fence calls what it holds commands or output, and names no file for it."""
    return fence.language in _SHELL | _OUTPUT and not fence.path


def is_example(fence: Fence) -> bool:
    """Whether a fence after the fix only shows how that is used.

    It isn't where it may belong to the fix: imports, plain values, a part of a body, a diff.
    """
    understood = understand("\n".join(fence.code))
    replacing = forms.is_replacing(fence.code, fence.language)
    if replacing or defines(fence.code) or understood.margin:
        return False
    return not _is_of_values(understood)


def _is_of_values(code: Code) -> bool:
    return code.tree is not None and all(map(_is_value, code.tree.body))


def _is_value(node: ast.stmt) -> bool:
    if isinstance(node, Importing):
        return True
    if isinstance(node, ast.Assign):
        plain = all(isinstance(one, ast.Name) for one in node.targets)
    else:
        plain = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    return plain and not any(isinstance(one, ast.Call) for one in nodes(node))
