"""Testing verified patches from nothing: a clone and an environment of their own, no cache.

What is tested is the certificate, as a stranger would have it: read from its file and checked by
the certificates' own check.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stillwater.canonical import Json, digest
from stillwater.certificates import reading
from stillwater.certificates.check import check
from stillwater.config import frozen
from stillwater.datasets import Instance
from stillwater.errors import InputError
from stillwater.models.client import LitellmClient
from stillwater.own import programs_of
from stillwater.repository import Repositories
from stillwater.rungs.model import Asked, Finding, family
from stillwater.rungs.patches import Verified
from stillwater.rungs.slots import in_slots
from stillwater.sandbox import (
    Sandbox,
    SetupError,
    Shelf,
    brief,
    choose,
    engine,
    scratch,
)
from stillwater.steps import Tools

WHAT = "from nothing"
_MOST_TOLD = 5


@dataclass(frozen=True)
class Certified:
    """A verified patch and the bytes of its certificate."""

    of: Verified
    content: bytes


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate holds from nothing, and why, in one sentence."""

    certified: Certified
    holds: bool
    why: str

    def facts(self) -> Json:
        """What is kept of it."""
        one = self.certified.of
        return {
            "instance_id": one.row.instance_id,
            "patch_sha256": one.sha256,
            "certificate_sha256": digest(self.certified.content),
            "holds": self.holds,
            "why": self.why,
        }


def finding(verdicts: Sequence[Verdict]) -> Finding:
    """What came of all of them."""
    if not verdicts:
        return Finding(WHAT, None, "no patch is verified: there is nothing to test")
    facts: dict[str, Json] = {"patches": [one.facts() for one in verdicts]}
    broken = [one for one in verdicts if not one.holds]
    if not broken:
        many = f"{len(verdicts)} of {len(verdicts)}"
        told = f"{many} verified patches hold, each in a fresh clone and a fresh environment"
        return Finding(WHAT, True, told, facts)
    listed = "; ".join(f"{one.certified.of}: {one.why}" for one in broken[:_MOST_TOLD])
    more = "; and more" if len(broken) > _MOST_TOLD else ""
    told = f"{len(broken)} of {len(verdicts)} verified patches do not hold: {listed}{more}"
    return Finding(WHAT, False, told, facts)


def tested(asked: Asked, found: Sequence[Certified], home: Path) -> list[Verdict]:
    """Check each certificate below `home`, each in a folder of its own.

    Raises:
        WorldError: the sandbox, the network or the disk failed: nothing is decided.
    """
    token = f"{family()}-{scratch.unique()}"
    running: list[Sandbox] = []
    shelf = Shelf(asked.place.folder, frozen(asked.run.config).image_budget)

    def one(number: int) -> Verdict:
        certified = found[number]
        asked.say(f"Testing {certified.of} from nothing ({number + 1} of {len(found)}) …")
        folder = home / f"{number:05d}"
        folder.mkdir()
        label = f"{token}-{folder.name}"
        with _sandbox(certified.of, folder, label, shelf, asked.place.folder) as sandbox:
            running.append(sandbox)
            return _tested(certified, folder, sandbox, token)

    def cancel() -> None:
        for sandbox in running:
            sandbox.cancel()

    with _no_image_left(token):
        return in_slots(asked, one, len(found), cancel)


def _tested(certified: Certified, folder: Path, sandbox: Sandbox, token: str) -> Verdict:
    file = folder / "certificate.json"
    file.write_bytes(certified.content)
    settings, repositories = certified.of.config, Repositories(folder, certified.of.config.repo_url)
    try:
        certificate = reading.read(file)
        signature = reading.signature(certificate, None)
        if certificate.changed or not signature.holds:
            return Verdict(certified, False, certificate.changed or signature.told)
        instance = _instance(certified.of.instance, repositories, f"{token}-{folder.name}")
        tools = Tools(repositories, sandbox, LitellmClient(None, None))
        verdict = check(certificate, instance, tools, settings)
    except (InputError, SetupError) as error:
        return Verdict(certified, False, str(error))
    return Verdict(certified, verdict.holds, verdict.why)


def _instance(instance: Instance, repositories: Repositories, environment: str) -> Instance:
    """The same, cloned from where the run cloned it, in an environment that nothing else shares."""
    url = repositories.url(instance)
    return instance.model_copy(update={"repo_url": url, "environment": environment})


@contextmanager
def _sandbox(
    one: Verified, folder: Path, label: str, shelf: Shelf, private: Path
) -> Iterator[Sandbox]:
    settings, path = one.config, programs_of([one.instance])
    sandbox, _ = choose(
        settings.sandbox, folder, settings.docker_image, label, path, shelf=shelf, private=[private]
    )
    with brief(sandbox, family()):
        yield sandbox


@contextmanager
def _no_image_left(token: str) -> Iterator[None]:
    """Remove the images that environments of this name were made into, at the end."""
    try:
        yield
    finally:
        if engine.engine_answers() is None:
            with engine.connect() as client:
                for image in client.images.list():
                    for tag in image.tags:
                        if token in tag:
                            client.images.remove(tag, force=True)
