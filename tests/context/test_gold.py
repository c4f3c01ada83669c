"""Which definitions a patch is taken to change, when choosing is measured."""

from bench.shown import Gold, gold_definitions, share_shown
from stillwater.context import Choice, Query, choose

TEXT = '''import os


class Basket:
    """Things to buy."""

    def add(self, item):
        self.items.append(item)

    def drop(self, item):
        self.items.remove(item)

    limit = 3


def price(basket):
    return sum(basket)
'''


def changed(hunk: str) -> set[tuple[int, int]]:
    found = gold_definitions(f"--- a/a.py\n+++ b/a.py\n{hunk}", {"a.py": TEXT})
    return {(one.first, one.last) for one in found}


def test_a_changed_line_counts_for_its_method_and_not_for_the_class() -> None:
    assert changed("@@ -8,1 +8,1 @@\n-        self.items.append(item)\n+        pass\n") == {(7, 8)}


def test_a_line_behind_a_method_counts_for_it_where_it_belongs_to_its_body() -> None:
    assert changed("@@ -8,1 +8,2 @@\n         x\n+        self.count += 1\n") == {(7, 8)}


def test_what_a_class_says_between_its_methods_counts_by_itself() -> None:
    assert changed("@@ -13,1 +13,1 @@\n-    limit = 3\n+    limit = 4\n") == {(13, 13)}


def test_a_new_method_or_import_beside_a_change_counts_for_nothing() -> None:
    added = (
        "@@ -1,1 +1,2 @@\n import os\n+import sys\n@@ -11,1 +12,3 @@\n x\n+\n+    def new(self):\n"
    )

    assert changed(f"{added}@@ -17,1 +20,1 @@\n-    return 1\n+    return 2\n") == {(16, 17)}


def test_where_all_is_new_the_file_must_be_shown() -> None:
    found = gold_definitions("--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,2 @@\n x\n+y\n", {"a.py": TEXT})

    assert found == {Gold("a.py", 0, 0)}
    assert share_shown(choose(Query("basket"), {"a.py": TEXT}, 1000), found) == 1
    assert share_shown(Choice((), ()), found) == 0
