"""Names that are written for one another: functions, methods, fields."""

_GROUPS = """
startswith endswith
removeprefix removesuffix
min max
any all
floor ceil trunc
append extend
append appendleft
append add
pop popleft
lower upper casefold
keys values items
strip lstrip rstrip
ljust rjust center
split rsplit
split splitlines
partition rpartition
find rfind
index rindex
match fullmatch search
copy deepcopy
union intersection difference symmetric_difference
issubset issuperset
update setdefault
remove discard
bisect_left bisect_right
bisect bisect_left
insort_left insort_right
heappop heappush
nlargest nsmallest
seconds total_seconds()
isdigit isalnum isalpha
sub subn
setattr getattr
isinstance issubclass
permutations combinations
zip zip_longest
hour minute
minute second
month day
start end
left right
first last
width height
row column
rows columns
int float
int round
list set
classmethod staticmethod
weekday isoweekday
quote quote_plus
encode decode
rstrip removesuffix
lstrip removeprefix
popitem pop
prev next
previous next
head tail
"""
_SIBLINGS = tuple(tuple(row.split()) for row in _GROUPS.split("\n"))
RARE = frozenset(
    ("subn", "casefold", "removeprefix", "removesuffix", "trunc", "isoweekday", "setdefault")
) | {"popitem", "split", "zip_longest", "quote_plus"}


def siblings_of(name: str) -> list[str]:
    """What may have been meant, when this was written; those in RARE seldom are."""
    found = [other for group in _SIBLINGS if name in group for other in group if other != name]
    return list(dict.fromkeys(found))
