"""Standard modules that an answer uses and forgets to import: added where nothing else is meant."""

import pytest

from stillwater.edits import Applied, Edit, apply

BASE = '''"""A module."""

import os


def f(x):
    return os.path.join(x)


def g(json):
    return json
'''


def applied(code: str, base: str = BASE) -> Applied:
    return apply([Edit("m.py", None, None, "", code)], {"m.py": base})


def test_a_forgotten_import_joins_the_imports_and_is_told() -> None:
    done = applied("@functools.wraps(print)\ndef f(x):\n    return os.path.join(x, x)")
    text = done.files["m.py"]
    assert "import os\nimport functools\n\n\n@functools.wraps(print)\ndef f(x):" in text
    assert done.repairs == ("import functools added",)
    assert (
        text.replace("import functools\n", "")
        .replace("@functools.wraps(print)\n", "")
        .replace("join(x, x)", "join(x)")
        == BASE
    )


def test_a_file_without_imports_gets_its_first_below_its_docstring() -> None:
    base = '"""Doc."""\n\n\ndef f(x):\n    return x\n'
    text = applied("def f(x):\n    return math.sqrt(x)", base).files["m.py"]
    assert text.startswith('"""Doc."""\nimport math\n')
    compile(text, "m.py", "exec")


@pytest.mark.parametrize(
    "code",
    [
        "def f(x, time):\n    return time.time()",
        "def f(x):\n    queue = x.q\n    return queue.get()",
        "def f(x):\n    from a import copy\n    return copy.copy(x)",
        "def f(x):\n    for token in x:\n        token.close()",
        "def f(x):\n    try:\n        x()\n    except ValueError as code:\n        code.args",
        "def f(x):\n    return numpy.sqrt(x)",
        "def f(x):\n    return random",
        "def f(x):\n    import functools\n    return functools.wraps(x)",
    ],
)
def test_a_name_that_may_mean_something_else_is_left_alone(code: str) -> None:
    done = applied(code)
    assert done.repairs == ()
    assert code in done.files["m.py"]


def test_a_name_that_the_file_used_before_is_left_alone() -> None:
    base = "def f(x):\n    return logging.info(x)\n"
    assert applied("def f(x):\n    return logging.debug(x)", base).repairs == ()
