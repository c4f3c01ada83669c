"""Tables of signs: what the issue or an error says, and how far it speaks for which kinds.

A row is a pattern and, as text, kinds with what each gains in log-odds.
"""

SAID: tuple[tuple[str, str], ...] = (
    (
        "off[- ]by[- ]one|one (?:too|more|less|extra|short|day|line|item)|last|final|"
        "boundar|exactly|inclusive|exclusive|edge|at most|at least|upper|lower bound|"
        "limit|skip|trunc|too (?:many|few|early|late)|up to|equal to|end of",
        "boundary 0.9 range 0.7 slice 0.7 index 0.3 constant 0.2 drop-one 0.5 "
        "compare-bound 0.3 return-one 0.4 slice-open 0.3",
    ),
    (
        "inclusive|exactly|equal|touch|same (?:time|day|value|moment)|still",
        "boundary 0.7",
    ),
    (
        r"\bcase\b|uppercase|lowercase|case[- ](?:in)?sensitiv|capital",
        "method 2 unwrap 1 option-key 1",
    ),
    (
        r"whitespace|trailing|leading|blank|spaces?\b|newline|strip|padd",
        "method 1.6 sibling 0.5 unwrap 0.8",
    ),
    (
        "empty|no items|nothing|without any|blank",
        "guard-empty 1.4 or-guard 0.8 falsy 0.7 or-empty 0.5 option-default 1 return-default 0.6",
    ),
    (
        r"\bnone\b|nonetype|missing|absent|optional|not given|unset|omitted",
        "guard-none 0.9 or-guard 0.5 or-empty 0.5 get 0.5 falsy 0.4 get-default 0.6",
    ),
    (
        r"\bzero\b|\b0\b|falsy|\bfalse\b|ignored|empty string",
        "falsy 1.6",
    ),
    (
        r"shared?\b|shares|leak|between (?:calls|instances)|previous call|second (?:call|"
        "instance)|accumul|each other|other instances|remember",
        "mutable-default 2 wrap 0.7 method 0.4",
    ),
    (
        "mutat|modif|in[- ]place|aliase?|copy|original|caller|affects|changes the",
        "mutable-default 0.8 wrap 1.2 method 0.6 sibling 0.4",
    ),
    (
        "order|sort|revers|ascending|descending|newest|oldest|latest|first|highest|lowest|priority",
        "option-reverse 1.2 flag 0.6 option-key 0.5 reorder 0.6 swap-operands 0.3 wrap 0.3 "
        "direction 0.3 sibling 0.3 first-last 0.6",
    ),
    (
        "stable|tie|duplicat|unique|twice",
        "boundary 0.3 sibling 0.3",
    ),
    (
        r"round|fraction|decimal|integer|float|truncat|precision|cents?\b",
        "division 1.5 unwrap 0.7 wrap 0.4 sibling 0.5",
    ),
    (
        "average|mean|median|ratio|percent",
        "division 1 arithmetic 0.4 precedence 0.5 float 0.5",
    ),
    (
        "negative|sign|minus|below zero",
        "clamp 1.2 arithmetic 0.5 drop-minus 0.8 wrap 0.3 regex 0.3 boundary 0.3 direction 0.3",
    ),
    (
        "cache|memo|stale|same key|different (?:arguments|keyword|options)",
        "key 1.5 reorder 0.4",
    ),
    (
        "ignor|not (?:passed|forwarded|respected|honou?red|used|applied)|no effect|"
        "has no|dropped|disregard",
        "forgotten-argument 1.4 variable 0.5 falsy 0.4 augmented 0.3 missing-return 0.3",
    ),
    (
        "swap|mixed up|wrong way|transpos|inverted|opposite|backwards",
        "swap-arguments 1.5 swap-operands 1.2 variable 0.4 negation 0.6 direction 0.8 "
        "drop-not 0.6 sibling 0.5 add-not 0.6",
    ),
    (
        "only (?:the )?first|stops? (?:after|at)|only one|rest (?:of|is|are)|all the|"
        "not all|every|any of",
        "dedent 1.2 conditional-return 1.2 jump 1 boolean 0.4 sibling 0.4 accumulate 0.5 "
        "while 0.5 unwrap 0.1",
    ),
    (
        r"overrid|overwrit|preceden|win(?:s|ning)?\b|replac|merge|default",
        "swap-operands 0.8 get-default 0.5 reorder 0.5 accumulate 0.4 flag-default 0.4 sibling 0.3",
    ),
    (
        r"returns? none|got none|none instead|is none\b",
        "missing-return 1.5 return-default 0.6 guard-none 0.2",
    ),
    (
        "infinite|hang|forever|never (?:ends|returns|terminates)|loop",
        "jump 0.7 augmented 0.8 boundary 0.6 while 0.3 arithmetic 0.3",
    ),
    (
        "both|either|neither|unless|only if|only when|even (?:if|when|though)",
        "boolean 1.2 drop-not 0.3 negation 0.3",
    ),
    (
        "prefix|suffix|starts? with|ends? with",
        "sibling 1.2 method 0.2",
    ),
    (
        r"smallest|largest|minimum|maximum|shortest|longest|clamp|\bmin\b|\bmax\b",
        "sibling 0.9 direction 0.7 boundary -0.2",
    ),
    (
        "pattern|regex|match|hyphen|underscore|character|digit",
        "regex 0.9 sibling 0.3",
    ),
    (
        "partial|substring|prefix of|anywhere|whole",
        "sibling 0.9 regex 0.7 equality 1",
    ),
    (
        "closure|lambda|callback|handler|loop variable|late",
        "late-binding 1.5",
    ),
    (
        "equals sign|contains? (?:an? )?(?:`?=`?|colon|comma|separator)|more than one|split",
        "option-maxsplit 1.6 sibling 0.6",
    ),
    (
        "during iteration|while iterating|removed?|every (?:other|second)",
        "wrap 0.7",
    ),
    (
        "raises?|exception|crash|traceback|error",
        "guard-none 0.3 guard-empty 0.3 except 0.5 raise 0.5 get 0.3",
    ),
    (
        "tuple|generator|iterator|exhaust",
        "isinstance 0.8 wrap 0.6",
    ),
    (
        "encod|unicode|utf",
        "option-encoding 2 sibling 0.3",
    ),
    (
        "wrong (?:field|column|key|attribute|value|name|one)|instead of|rather than",
        "variable 0.4 attribute 0.6 sibling 0.3",
    ),
    (
        "start(?:s|ing)? (?:at|from) (?:1|one|zero|0)|numbered|one-based|zero-based",
        "option-start 1.8 range 0.3 return-one 0.5",
    ),
)

RAISED: tuple[tuple[str, str], ...] = (
    (
        "'NoneType'|NoneType",
        "guard-none 1.8 or-guard 1 missing-return 1.6 or-empty 1.4 falsy 0.3 get-default 1.2",
    ),
    (
        "IndexError|index out of range",
        "boundary 1 range 1.4 while-filled 1.5 or-guard 1 index 1 guard-empty 1.2 slice "
        "0.4 compare-bound 0.8 boolean 0.3 first-last 0.2 drop-one 0.8",
    ),
    (
        "KeyError",
        "get 2 get-default 0.5 except 1 wrap 0.3 method 0.3 key 0.2 variable 0.4",
    ),
    (
        "NameError|UnboundLocalError",
        "undefined 2 reorder 0.5 variable 0.2",
    ),
    (
        "ZeroDivisionError|division by zero",
        "guard-empty 2.2 boolean 0.4 boundary 0.4",
    ),
    (
        "StopIteration",
        "except 1 guard-empty 0.5",
    ),
    (
        r"max\(\)|min\(\)|empty sequence|iterable argument is empty|arg is an empty",
        "option-default 2.5 guard-empty 2",
    ),
    (
        "too many values to unpack",
        "option-maxsplit 2.5 sibling 0.8",
    ),
    (
        "not enough values to unpack",
        "guard-empty 0.8 sibling 0.6",
    ),
    (
        "can only concatenate str|must be str|expected str instance|can't concat",
        "wrap 2",
    ),
    (
        "<generator object|<map object|<filter object",
        "uncall 2 wrap 1.2",
    ),
    (
        "unhashable",
        "wrap 2 key 0.3",
    ),
    (
        "has no attribute",
        "attribute 1 sibling 0.8 wrap 0.4",
    ),
    (
        "unsupported operand|not supported between",
        "wrap 1.2 guard-none 0.5 get-default 0.8 variable 0.3",
    ),
    (
        "changed size during iteration|mutated during iteration",
        "wrap 3",
    ),
    (
        "RecursionError|maximum recursion",
        "boundary 0.8 arithmetic 0.6 variable 0.5 argument-one 1.2 never-filled 1.5 "
        "swap-arguments 0.5 guard-empty 0.4 base-case 1.8 slice-new 1 add-term 0.6 uncall 0.5",
    ),
    (
        r"missing \d+ required|unexpected keyword|positional argument",
        "forgotten-argument 2 swap-arguments 0.3 variable -0.5",
    ),
    (
        "object is not (?:iterable|subscriptable|callable)",
        "guard-none 0.4 unwrap 0.4 missing-return 0.4 wrap 0.4",
    ),
    (
        "not JSON serializable",
        "wrap 2",
    ),
    (
        "FileExistsError|FileNotFoundError",
        "option-exist_ok 3",
    ),
    (
        "invalid literal|could not convert",
        "method 0.8 guard-empty 0.8 except 0.4 sibling 0.3",
    ),
    (
        "DID NOT RAISE",
        "boundary 0.8 raise 0.8 boolean 0.8 negation 0.3 direction 0.3 wrap -1 except "
        "-0.5 get -1.5 guard-empty -0.5 guard-none -0.5",
    ),
    (
        "Timeout|timed out",
        "jump 0.5 augmented 0.8 boundary 0.5 while-filled 0.5 never-updated 0.5",
    ),
)
