"""READ: run the baseline tests, choose the files that the model will see."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from stillwater.canonical import Json
from stillwater.config import Config
from stillwater.context import Choice, Chosen, Query, choose, choose_snippets
from stillwater.context.failing import is_at, named, source_of_tests
from stillwater.datasets import Instance
from stillwater.errors import InputError
from stillwater.estimate import tokens
from stillwater.feedback import by_name, cleaned, distil, tail
from stillwater.git import RepositoryError
from stillwater.grading import PASSING, judge
from stillwater.grading.parsers import EXIT_STATUS
from stillwater.machine import Event
from stillwater.repository import Repositories, both_sides
from stillwater.sandbox.protocol import SetupError
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import evaluation
from stillwater.steps.tools import LEAST_SECONDS, TestRun, Tools, calls_of_tests, run_tests
from stillwater.stuck import Frame, stuck
from stillwater.suspects import Calls, Place, Suspect, suspects

RESERVED_TOKENS = 3000
"""For the failing tests and the earlier attempts, which come after the files."""
_MOST_SUSPECTS = 10
_LONGEST_ASKED = 600.0
"""Tests that take more seconds aren't run once more for the suspects."""
_SLOWER = 10
"""How many times longer they may take while their calls are noted."""
_MOST_TESTS = 20
"""How many of the failing tests are looked for in the repository."""


def read(snapshot: Snapshot, tools: Tools) -> Outcome:
    """Outcome `read` with the chosen files, or `invalid` if the instance itself is broken."""
    try:
        baseline = run_tests(snapshot, tools, patch="")
        visible = _visible_baseline(snapshot, tools)
    except SetupError as error:
        log = {"log": Artifact("log", error.log)}
        return Outcome(Event.INVALID, {"reason": str(error)}, log)
    except InputError as error:
        return Outcome(Event.INVALID, {"reason": str(error)})
    logs = {"log": Artifact("log", baseline.log)}
    broken = why_invalid(snapshot.instance, baseline)
    if broken:
        return Outcome(Event.INVALID, {"reason": broken}, logs)
    calls = _calls(snapshot, tools, baseline)
    return _choose(snapshot, tools, baseline, visible, calls, logs)


def _calls(snapshot: Snapshot, tools: Tools, baseline: TestRun) -> Calls:
    config, took = snapshot.config, baseline.execution.seconds
    if not baseline.reading.tests and config.feedback == "tests":
        return _calls_of_the_stuck(snapshot.instance, baseline)
    # An exit status is no test that calls could be known of.
    has_tests = snapshot.instance.log_parser != EXIT_STATUS
    asked = config.find_suspects and config.feedback == "tests" and took <= _LONGEST_ASKED
    asked = asked and has_tests
    seconds = LEAST_SECONDS + _SLOWER * took
    return calls_of_tests(snapshot, tools, seconds) if asked else {}


def _calls_of_the_stuck(instance: Instance, baseline: TestRun) -> Calls:
    """Those under way when the tests didn't go on: to run such tests once more tells no more."""
    places = {Place(one.path, one.line): "" for one in _stuck(baseline)}
    return dict.fromkeys(instance.FAIL_TO_PASS, places)


def _stuck(baseline: TestRun) -> Sequence[Frame]:
    return stuck(evaluation.printed_by_tests(baseline.log.decode("utf-8", "replace")))


def _visible_baseline(snapshot: Snapshot, tools: Tools) -> TestRun | None:
    if snapshot.config.feedback == "tests":
        return None
    return run_tests(snapshot, tools, patch="", hidden=False)


def why_invalid(instance: Instance, baseline: TestRun) -> str | None:
    """Why there is nothing to repair, by the tests without any patch; None where there is."""
    execution = baseline.execution
    if not baseline.reading.tests and not _stuck(baseline):
        last = tail(baseline.log.decode("utf-8", "replace"), 200).strip().splitlines()
        how = execution.stopped or f"exit code {execution.exit_code}"
        return f"the tests can't run ({how}): {last[-1] if last else 'they print nothing'}"
    if judge(baseline.reading, instance.FAIL_TO_PASS, ()).resolved:
        return "every test of FAIL_TO_PASS already passes on the base commit"
    return None


def _choose(
    snapshot: Snapshot,
    tools: Tools,
    baseline: TestRun,
    visible: TestRun | None,
    calls: Calls,
    logs: dict[str, Artifact],
) -> Outcome:
    instance, config = snapshot.instance, snapshot.config
    verdict = judge(baseline.reading, instance.FAIL_TO_PASS, instance.PASS_TO_PASS)
    ids = judge(baseline.reading, instance.FAIL_TO_PASS, ()).failing
    log = evaluation.printed_by_tests(baseline.log.decode("utf-8", "replace"))
    called = by_name(ids, log)
    failing, source, tests = "", "", dict[str, str]()
    if config.feedback == "tests":
        failing = distil(log, ids)
        tests = _failing_tests(instance, tools.repositories, called)
        source = source_of_tests(called, tests, failing=failing)
    sources = sources_of(instance, tools.repositories)
    found = suspects(calls, {*ids, *called}, by_name(_passing(baseline), log), sources)
    choice, budget = choice_for(instance, config, sources, failing, tuple(tests.values()), found)
    if not choice.files:
        reason = choice.problem or "no file fits the prompt"
        return Outcome(Event.INVALID, {"reason": reason}, logs)
    files: list[Json] = [_told(one) for one in choice.files]
    skipped: list[Json] = [
        {"path": one.path, "why": one.why, "tokens": one.tokens} for one in choice.skipped
    ]
    evidence: dict[str, Json] = {
        "files": files,
        "skipped": skipped,
        "budget": budget,
        "baseline": {**verdict.evidence(), **baseline.measured},
        "sandbox": {
            "kind": tools.sandbox.kind,
            "walls": dict(tools.sandbox.walls()),
            "image": baseline.execution.image,
        },
        "feedback": config.feedback,
    }
    if choice.suspects:
        known = {(one.path, one.first): one for one in found}
        likeliest = [known[one] for one in choice.suspects[:_MOST_SUSPECTS]]
        evidence["suspects"] = [
            {**asdict(one), "calls": [cleaned(call) for call in one.calls]} for one in likeliest
        ]
    if visible is not None:
        evidence["visible"] = dict(visible.reading.tests)
        logs["visible_log"] = Artifact("log", visible.log)
    if failing:
        logs["failing"] = Artifact("feedback", failing.encode())
    if source:
        logs["tests"] = Artifact("feedback", source.encode("utf-8", "replace"))
    return Outcome(Event.READ, evidence, logs)


def _failing_tests(
    instance: Instance, repositories: Repositories, failing: Sequence[str]
) -> dict[str, str]:
    """The files that hold the failing tests, as test_patch leaves them, by path."""
    store = repositories.ensure(instance)
    paths = repositories.paths(store, instance.base_commit)
    brought = both_sides(instance.test_patch)
    ends = {end for test in failing[:_MOST_TESTS] if (end := named(test))}
    wanted = [p for p in paths if p in brought or any(is_at(p, end) for end in ends)]
    texts = repositories.texts(store, {path: paths[path] for path in wanted})
    if brought:
        try:
            texts = repositories.patched(texts, instance.test_patch, brought)
        except RepositoryError:
            # What they were before isn't what must pass.
            texts = {path: text for path, text in texts.items() if path not in brought}
    return {path: text for path, text in texts.items() if path.endswith(".py")}


def choice_for(
    instance: Instance,
    config: Config,
    sources: Mapping[str, str],
    failing: str,
    tests: Sequence[str] = (),
    found: Sequence[Suspect] = (),
) -> tuple[Choice, int]:
    """The files of the base commit that the model will see, and the tokens that they may take.

    `tests` are the texts of files with failing tests, `found` the functions that these call, where
    the model may know of them.
    """
    budget = config.num_ctx - config.reply_tokens - RESERVED_TOKENS
    budget -= tokens(instance.problem_statement) + sum(map(tokens, config.skill_texts.values()))
    query = Query(
        issue=instance.problem_statement,
        failing=failing,
        tests=tests,
        suspects={(one.path, one.first): one.score for one in found},
    )
    if config.showing == "snippets":
        return choose_snippets(query, sources), budget
    return choose(query, sources, budget, max_files=config.max_files), budget


def sources_of(instance: Instance, repositories: Repositories) -> dict[str, str]:
    """The Python files of the base commit."""
    store = repositories.ensure(instance)
    paths = repositories.paths(store, instance.base_commit)
    python = {path: blob for path, blob in paths.items() if path.endswith(".py")}
    return repositories.texts(store, python)


def _passing(baseline: TestRun) -> list[str]:
    return [test for test, result in baseline.reading.tests.items() if result in PASSING]


def _told(one: Chosen) -> Json:
    told: dict[str, Json] = {
        "path": one.path,
        "score": round(one.score, 4),
        "why": list(one.why),
        "tokens": one.tokens,
    }
    if one.lines is not None:
        told["lines"] = [list(part) for part in one.lines]
    return told
