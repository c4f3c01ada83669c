"""Building the image of one's own repository: once for each repository, commit and setup."""

from pathlib import Path

from stillwater.canonical import digest
from stillwater.datasets import Instance
from stillwater.errors import InputError
from stillwater.git import git
from stillwater.repository import Repositories
from stillwater.sandbox import DockerSandbox, SetupError, engine, images
from stillwater.sandbox.docker import ENVIRONMENTS
from stillwater.sandbox.protocol import Setup
from stillwater.steps.tools import environment_key


def build(
    home: Path,
    label: str,
    repo: Path,
    commit: str,
    *,
    base: str,
    setup: str | None,
    dockerfile: Path | None,
    seconds: float,
) -> str:
    """The name of the image: made by `setup` in `base`, or by `dockerfile`; found if it is there.

    Raises:
        InputError: no such repository, commit or Dockerfile, or one that can't be built.
        SandboxError: the engine failed.
    """
    instance = _instance(repo, commit, setup)
    repositories = Repositories(home, "")
    store = repositories.ensure(instance)
    with repositories.tree(store, instance.base_commit, "build") as tree:
        if dockerfile is not None:
            return _by_dockerfile(instance, tree, dockerfile, label)
        sandbox = DockerSandbox(home, base, label)
        try:
            return sandbox.prepare(
                Setup(environment_key(instance), setup or "", tree=tree, seconds=seconds)
            )
        except SetupError as error:
            said = error.log.decode("utf-8", "replace").strip().splitlines()
            raise InputError(f"{error} It says: {said[-1] if said else 'nothing'}") from error


def _instance(repo: Path, commit: str, setup: str | None) -> Instance:
    found = git("-C", str(repo), "rev-parse", "-q", "--verify", f"{commit}^{{commit}}")
    if found.returncode:
        raise InputError(f"{repo}: no git repository with the commit {commit}")
    name = repo.resolve().name
    return Instance(
        instance_id=f"{name}-image",
        repo=f"own/{name}",
        base_commit=found.stdout.decode().strip(),
        problem_statement="",
        FAIL_TO_PASS=(),
        repo_url=str(repo.resolve()),
        setup_command=setup,
    )


def _by_dockerfile(instance: Instance, tree: Path, dockerfile: Path, label: str) -> str:
    import docker

    try:
        content = dockerfile.read_bytes()
    except OSError as error:
        raise InputError(f"{dockerfile} can't be read: {error.strerror}") from error
    whole = "\0".join((instance.repo, instance.base_commit, digest(content)))
    name = f"{ENVIRONMENTS}:dockerfile-{digest(whole.encode())[:24]}"
    with engine.connect() as client:
        if images.exists(client, name):
            return name
        inside = tree / ".stillwater.Dockerfile"
        inside.write_bytes(content)
        try:
            client.images.build(
                path=str(tree), dockerfile=inside.name, tag=name, rm=True, forcerm=True,
                labels={"stillwater": label},
            )  # fmt: skip
        except docker.errors.BuildError as error:
            raise InputError(f"{dockerfile} can't be built: {error.msg}") from error
    return name
