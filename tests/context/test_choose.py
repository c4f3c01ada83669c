"""Which files a model gets to read."""

import inspect
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater import estimate
from stillwater.context import Choice, Query, choose, tokens
from stillwater.edits import Texts
from stillwater.prompt import ShownFile, file_section
from tests.hangs import no_hang

FILES = {
    "shop/__init__.py": "from shop.basket import Basket\n",
    "shop/basket.py": "class Basket:\n    def add_item(self, item):\n        self.price(item)\n",
    "shop/prices.py": "def format_price(value):\n    return round(value, 2)\n",
    "shop/mail.py": "def send_mail(to, text):\n    return connection.deliver(to, text)\n",
    "tests/test_all.py": "from shop.prices import format_price\n\ndef test_basket(): pass\n",
    "docs/conf.py": "basket = 1\n",
    "shop/_vendor/basket.py": "class Basket: pass\n",
    "README.md": "A basket.\n",
}
PLENTY = 10_000


def chosen(issue: str, failing: str = "", budget: int = PLENTY, most: int = 6) -> list[str]:
    return [one.path for one in choice(issue, failing, budget, most).files]


def choice(issue: str, failing: str = "", budget: int = PLENTY, most: int = 6) -> Choice:
    return choose(Query(issue, failing), FILES, budget, max_files=most)


def test_the_file_named_in_the_issue_comes_first() -> None:
    found = choice("Something is slow\n\nThe basket, and what `shop/mail.py` does").files[0]

    assert found.path == "shop/mail.py"
    assert "hardly another is named +1.00" in found.why


def test_a_module_named_in_the_issue_is_found() -> None:
    assert chosen("Calling shop.mail fails for a basket")[0] == "shop/mail.py"


def test_the_definition_of_an_identifier_is_found() -> None:
    found = choice("`format_price` returns a wrong value for baskets").files[0]

    assert found.path == "shop/prices.py"
    assert "holds format_price +0.39" in found.why


def test_the_innermost_frame_counts_most() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "/x/shop/basket.py", line 3, in f\n    y\n'
        '  File "/x/shop/prices.py", line 2, in g\n    z\nValueError\n'
    )

    assert chosen("It fails.", trace)[:2] == ["shop/prices.py", "shop/basket.py"]


def test_a_frame_of_the_tests_is_no_frame_of_a_file_that_is_called_alike() -> None:
    frames = "tests/prices.py:9: in check\n    pay()\nshop/mail.py:2: in send_mail\nE   KeyError"
    issue = 'Traceback (most recent call last):\n  File "/x/shop/mail.py", line 2, in send_mail\n'
    issue += '  File "/x/tests/prices.py", line 9, in check\nKeyError\n'

    for found in (choice("It fails.", frames), choice(issue)):
        why = {one.path: " ".join(one.why) for one in found.files}
        assert "traceback" in why["shop/mail.py"]
        assert "traceback" not in why.get("shop/prices.py", "")


def test_split_identifiers_are_compared() -> None:
    assert chosen("mail is sent twice, the connection delivers too often")[0] == "shop/mail.py"


def test_what_the_failing_tests_import_counts() -> None:
    failing = "FAILED tests/test_all.py::test_it\ntests/test_all.py:3: in test_it"

    assert chosen("Something is wrong", failing)[0] == "shop/prices.py"


def test_a_test_is_about_the_file_of_its_name() -> None:
    assert chosen("Something is wrong", "FAILED tests/test_mail.py::test_it")[0] == "shop/mail.py"


def test_tests_documentation_and_vendored_packages_are_never_chosen() -> None:
    found = chosen("The basket in tests/test_basket.py, docs/conf.py and shop/_vendor/basket.py")

    assert {path for path in found if not path.startswith("shop/")} == set()
    assert "shop/_vendor/basket.py" not in found


@pytest.mark.parametrize(
    "path",
    [
        "src/build/env.py",
        "build/env.py",
        "src/hatch/cli/build/env.py",
        "botocore/docs/env.py",
        "conan/release/env.py",
        "pkg/example/env.py",
    ],
)
def test_a_package_of_the_product_may_be_called_as_other_folders_are(path: str) -> None:
    package = path.replace("env.py", "__init__.py")

    found = choose(Query("The env is wrong"), {path: "env = 1\n", package: ""}, PLENTY)

    assert [one.path for one in found.files] == [path]
    assert choose(Query("The env is wrong"), {path: "env = 1\n"}, PLENTY).files == ()


@pytest.mark.parametrize(
    "path",
    ["docs/env.py", "Examples/env.py", "pkg/_vendor/env.py", "venv/env.py", "asv_bench/env.py"],
)
def test_packages_beside_the_product_and_others_products_are_never_chosen(path: str) -> None:
    files = {path: "env = 1\n", path.replace("env.py", "__init__.py"): "x = 1\n"}

    assert choose(Query("The env is wrong"), files, PLENTY).files == ()


LARGE = "".join(f"def step_{n}(basket):\n    return basket.moved({n})\n\n\n" for n in range(400))


def test_of_a_file_too_large_the_definitions_that_matter_are_shown_whole() -> None:
    files = {**FILES, "shop/steps.py": f"import math\n\n\n{LARGE}"}

    found = choose(Query("`step_123` moves the basket too far"), files, 600).files[0]

    assert found.path == "shop/steps.py"
    assert found.lines is not None
    first = 4 + 4 * 123
    assert any(part.first <= first and first + 1 <= part.last for part in found.lines)
    section = file_section(ShownFile(found.path, files[found.path], found.lines))
    assert estimate.tokens(section) <= found.tokens
    assert f"# lines {first}-{first + 1}\ndef step_123(basket):\n" in section
    assert "are not shown: step_" in section
    assert found.tokens <= 600


def test_a_method_is_shown_under_the_line_that_opens_its_class() -> None:
    methods = LARGE.replace("\n", "\n    ").replace("(basket)", "(self, basket)")
    files = {"a.py": f'class Steps:\n    """All steps."""\n\n    {methods}'}

    (found,) = choose(Query("`Steps.step_77` moves the basket too far"), files, 300).files

    assert found.lines is not None
    assert found.lines[0].first == 1
    section = file_section(ShownFile("a.py", files["a.py"], found.lines))
    assert "\nclass Steps:\n" in section
    assert "\n    def step_77(self, basket):\n" in section


STEPS = f"""import math


class Steps:
    \"\"\"All steps.\"\"\"

    {LARGE.replace(chr(10), chr(10) + "    ").replace("(basket)", "(self, basket)")}
    basket_limit = 12
"""


def shown(issue: str, files: dict[str, str], budget: int) -> str:
    """The sections of what is chosen."""
    found = choose(Query(issue), files, budget).files
    return "".join(file_section(ShownFile(it.path, files[it.path], it.lines)) for it in found)


def test_what_stands_in_a_class_behind_its_methods_can_be_shown() -> None:
    section = shown("Wrong `basket_limit`", {"a.py": STEPS}, 300)

    assert "\nclass Steps:\n" in section
    assert "\n    basket_limit = 12\n" in section


def test_the_function_of_the_issues_traceback_is_shown() -> None:
    trace = 'Traceback (most recent call last):\n  File "/x/a.py", line 3, in step_311\n    y\n'

    section = shown(f"The basket is wrong\n\n{trace}", {"a.py": STEPS}, 500)

    assert "\n    def step_311(self, basket):\n" in section


def test_the_imports_of_a_file_shown_in_parts_come_before_what_hardly_matters() -> None:
    assert "\nimport math\n" in shown("`step_5` moves the basket", {"a.py": STEPS}, 600)


def test_definitions_of_many_files_share_the_budget() -> None:
    files = {f"shop{n}.py": f"{LARGE}def discount(price):\n    return {n}\n" for n in range(8)}

    section = shown("`discount` forgets the price", files, 2000)

    assert section.count("\ndef discount(price):\n") == 8


def test_what_is_chosen_takes_no_more_tokens_than_it_may() -> None:
    files = {**FILES, "a.py": STEPS, "shop/steps.py": LARGE}

    for budget in (100, 400, 1600, 6400):
        assert estimate.tokens(shown("step basket price", files, budget)) <= budget


LONG = "    basket = 1\n" * 1000


def test_what_fits_in_no_way_is_skipped_and_the_next_is_tried() -> None:
    files = {**FILES, "shop/basket.py": f"def basket():\n{LONG}"}

    found = choose(Query("basket() and format_price fail"), files, 200)

    assert [one.path for one in found.skipped][:1] == ["shop/basket.py"]
    assert "shop/prices.py" in [one.path for one in found.files]
    assert sum(one.tokens for one in found.files) <= 200


def test_no_more_files_are_chosen_than_asked_for() -> None:
    assert len(chosen("basket mail price item", most=2)) == 2


def test_nothing_is_chosen_where_nothing_fits() -> None:
    found = choice("The basket is slow", budget=3)

    assert found.files == ()
    assert found.problem is not None
    assert "fits 3 tokens" in found.problem


def test_a_repository_without_code_says_so() -> None:
    assert choose(Query("x"), {"tests/test_a.py": "x = 1\n"}, PLENTY).problem is not None


def test_an_issue_without_words_still_gets_files() -> None:
    assert chosen("") == ["shop/basket.py", "shop/mail.py", "shop/prices.py"]


def test_a_source_serves_as_well_as_a_mapping() -> None:
    query = Query("The basket is slow")

    assert choose(query, Texts(FILES), PLENTY) == choose(query, FILES, PLENTY)


def test_the_order_of_the_files_does_not_matter() -> None:
    backwards = dict(reversed(FILES.items()))

    assert choose(Query("basket price"), backwards, PLENTY) == choice("basket price")


def test_tokens_count_what_stands_around_the_text_too() -> None:
    assert tokens("a.py", "x = 1\n" * 100) > 400
    assert tokens("a.py", "x = 1\n") > 20


def test_a_large_repository_is_no_obstacle() -> None:
    text = inspect.getsource(textwrap)
    files = {f"pkg{n % 50}/mod{n}.py": text.replace("wrap", f"wrap{n}") for n in range(2700)}

    with no_hang(seconds=120):
        found = choose(Query("`wrap1234` breaks long words\n\n" + text[:3000]), files, PLENTY)

    assert found.files[0].path == "pkg34/mod1234.py"


TEXT = st.one_of(
    st.text(), st.sampled_from([*FILES.values(), "a/b.py", 'File "x.py", line 1', "`a"])
)


@given(TEXT, TEXT, st.dictionaries(st.sampled_from([*FILES, "a.py"]), TEXT), st.integers(-5, 9999))
def test_nothing_is_too_strange(
    issue: str, failing: str, files: dict[str, str], budget: int
) -> None:
    found = choose(Query(issue, failing, (failing,)), files, budget)

    assert bool(found.files) != bool(found.problem)
    assert sum(one.tokens for one in found.files) <= max(budget, 0)
