"""What every sandbox promises, kept by each kind behind each wall."""

import socket
import threading
import time
from pathlib import Path

import pytest

from stillwater.sandbox import Cancelled, Job, Limits, Sandbox, SandboxError
from tests.patience import DEADLINE
from tests.sandbox.conftest import Run, running

PROMISED = {"network", "writes", "reads", "processes", "pids", "memory", "cpu", "disk"}


def connecting(host: str, port: int) -> str:
    """A command that fails unless it can connect."""
    code = f"import socket; socket.create_connection(({host!r}, {port}), 5)"
    return f'python -c "{code}"'


def test_a_job_gives_its_exit_code_and_both_outputs(run: Run) -> None:
    execution = run("echo out; echo err >&2; exit 3")
    assert (execution.exit_code, execution.output) == (3, b"out\nerr\n")
    assert (execution.stopped, execution.truncated) == (None, False)


def test_a_job_runs_in_its_tree(run: Run, tree: Path) -> None:
    (tree / "folder").mkdir()
    (tree / "folder" / "script.sh").write_text("#!/bin/sh\necho ran")
    (tree / "folder" / "script.sh").chmod(0o755)
    (tree / "link").symlink_to("folder/script.sh")
    assert run("./link && echo new > made").output == b"ran\n"


def test_pytest_works_without_any_setup(run: Run, tree: Path) -> None:
    (tree / "test_it.py").write_text("def test_it(tmp_path):\n    assert tmp_path.exists()\n")
    execution = run("python -m pytest -q -p no:cacheprovider")
    assert b"1 passed" in execution.output


def test_a_command_may_be_longer_than_one_argument(run: Run) -> None:
    assert run(f"echo {'x' * 200_000} | wc -c").output.strip() == b"200001"


def test_nothing_of_the_parents_environment_is_seen(
    run: Run, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    monkeypatch.setenv("STILLWATER_SECRET", marker)
    execution = run("env; cat /proc/[0-9]*/environ 2>/dev/null; echo $TZ $LANG $PYTHONHASHSEED")
    assert marker.encode() not in execution.output
    assert execution.output.endswith(b"UTC C.UTF-8 0\n")


def test_a_jobs_own_variables_are_set(sandbox: Sandbox, tree: Path) -> None:
    job = Job(tree, "echo $COLOUR; ls -A $HOME", "test", variables={"COLOUR": "blue"})
    assert sandbox.run(job).output == b"blue\n"


def test_the_machines_own_servers_are_out_of_reach(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        execution = run(connecting("127.0.0.1", server.getsockname()[1]))
    assert execution.exit_code == 1
    assert b"Error" in execution.output


def test_a_job_reaches_its_own_servers_by_the_name_localhost(run: Run, sandbox: Sandbox) -> None:
    if sandbox.walls()["network"] == "seccomp":
        pytest.skip("seccomp forbids all sockets")
    code = (
        "import socket; server = socket.create_server(('localhost', 0)); "
        "socket.create_connection(server.getsockname()); print('reached')"
    )
    assert run(f'python -c "{code}"').output == b"reached\n"


def test_the_internet_is_out_of_reach_at_once(run: Run) -> None:
    execution = run(connecting("192.0.2.1", 80))
    assert execution.exit_code == 1
    assert b"timed out" not in execution.output


def test_nothing_outside_the_tree_can_be_written(run: Run, tmp_path: Path, marker: str) -> None:
    places = ["/", "/etc", "/usr", "/var", "/home", str(Path(__file__).parent)]
    tries = " ".join(f"{place.rstrip('/')}/{marker}" for place in places)
    execution = run(
        f"for f in {tries}; do (echo x >$f) 2>/dev/null && echo $f; done;"
        f" touch {tmp_path}/{marker} 2>/dev/null; echo done"
    )
    assert execution.output == b"done\n"
    assert not any(Path(place, marker).exists() for place in [*places, str(tmp_path)])


def test_temporary_files_are_thrown_away(run: Run) -> None:
    command = "ls -A $HOME $TMPDIR | grep -c kept; touch $HOME/kept $TMPDIR/kept"
    assert run(command).output == run(command).output == b"0\n"


def test_the_persons_things_cannot_be_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = tmp_path / "person"
    person.mkdir()
    (person / "key").write_text("secret")
    monkeypatch.setenv("HOME", str(person))
    execution = run(f"cat {person}/key; ls -A /home; cat /root/.*")
    assert execution.exit_code != 0
    assert b"secret" not in execution.output


def test_the_machines_sockets_are_out_of_reach(run: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/socket")
        server.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect('{tmp_path}/socket')"
        execution = run(f'python -c "{code}"')
    assert execution.exit_code == 1
    assert b"Error" in execution.output


def test_a_timeout_ends_even_a_daemon(run: Run, marker: str) -> None:
    command = f"setsid sh -c 'sleep 600; : {marker}' & echo begun; sleep 600"
    execution = run(command, seconds=3)
    assert (execution.stopped, execution.exit_code) == ("timeout", None)
    # A shell that sees its child end before itself says so: "Terminated".
    assert execution.output.splitlines()[0] == b"begun"
    assert running(marker) == []


def test_a_daemon_does_not_outlive_its_job(run: Run, marker: str) -> None:
    execution = run(f"(setsid sh -c 'sleep 60; : {marker}' >/dev/null 2>&1 &); echo done")
    assert (execution.exit_code, execution.output) == (0, b"done\n")
    assert running(marker) == []


def test_a_fork_bomb_is_contained(run: Run, tree: Path, marker: str) -> None:
    (tree / "bomb.py").write_text(
        "import os, time\n"
        "count = 0\n"
        "try:\n"
        "    while os.fork():\n"
        "        count += 1\n"
        "    time.sleep(60)\n"
        "except OSError:\n"
        "    print(count)\n"
    )
    execution = run(f"python bomb.py {marker}", pids=64)
    assert 10 < int(execution.output) <= 72
    assert running(marker) == []


def test_a_shell_that_forks_without_end_is_contained(run: Run, marker: str) -> None:
    bomb = f"bash -c 'bomb() {{ bomb | bomb & wait; }}; bomb; : {marker}' 2>/dev/null"
    assert run(f"{bomb}; :", pids=64, seconds=1.0).stopped in {None, "timeout"}
    assert running(marker) == []
    assert run("echo next").output == b"next\n"


def test_python_that_forks_without_end_is_contained(run: Run, marker: str) -> None:
    code = f"""
import os
while True:
    try:
        os.fork()
    except OSError:
        pass  # {marker}
"""
    assert run(f"python -c '{code}'", pids=64, seconds=1.0).stopped == "timeout"
    assert running(marker) == []
    assert run("echo next").output == b"next\n"


def test_many_files_are_stopped(run: Run, looking_often: None) -> None:
    fill = "while :; do n=$((n + 1)); head -c 200000 /dev/zero > $TMPDIR/$n; done"
    execution = run(fill, disk_bytes=4 << 20)
    assert (execution.stopped, execution.exit_code) == ("disk", None)
    assert run("ls $TMPDIR | grep -c '^[0-9]'").output == b"0\n"


def test_many_empty_files_are_stopped(run: Run, looking_often: None) -> None:
    execution = run("while :; do : > $((n += 1)); done", disk_bytes=4 << 20)
    assert execution.stopped == "disk"


def test_what_a_job_may_write_is_not_stopped(run: Run, looking_often: None) -> None:
    execution = run(
        "head -c 2000000 /dev/zero > it; for i in $(seq 99); do cat it; done | wc -c; wc -c < it",
        disk_bytes=4 << 20,
    )
    assert (execution.stopped, execution.output.split()) == (None, [b"198000000", b"2000000"])


def test_a_share_of_the_processors_is_kept_to(run: Run, sandbox: Sandbox) -> None:
    if sandbox.walls()["cpu"] == "none":
        pytest.skip("nothing bounds the processors' time here")
    code = "import time; end = time.monotonic() + 1\nwhile time.monotonic() < end: pass\n"
    execution = run(f"python -c '{code}print(time.process_time())'", cpus=0.2)
    assert float(execution.output) < 0.6


def test_a_child_that_keeps_the_output_open_is_not_waited_for(run: Run, marker: str) -> None:
    execution = run(f"sh -c 'sleep 60; : {marker}' & echo done")
    assert (execution.exit_code, execution.output) == (0, b"done\n")
    assert running(marker) == []


def test_what_ignores_a_timeout_is_killed(run: Run, marker: str) -> None:
    command = f"trap '' TERM INT HUP; while :; do sh -c 'sleep 60; : {marker}'; done"
    execution = run(command, seconds=0.5)
    assert (execution.stopped, execution.exit_code) == ("timeout", None)
    assert running(marker) == []
    assert run("echo next").output == b"next\n"


def test_printing_without_end_is_stopped(run: Run) -> None:
    execution = run("yes", output_bytes=1000)
    assert (execution.stopped, execution.exit_code) == ("output", None)
    assert execution.truncated
    assert len(execution.output) < 1100


def test_a_large_allocation_is_stopped(run: Run) -> None:
    command = 'exec python -c \'held = b"1" * (2 << 30); print("held")\''
    execution = run(command, memory_bytes=256 << 20)
    assert execution.exit_code != 0
    assert execution.stopped == "memory" or b"MemoryError" in execution.output


def test_a_large_file_is_stopped(run: Run) -> None:
    execution = run("head -c 3000000 /dev/zero > big; wc -c < big", file_bytes=1 << 20)
    assert execution.output.split()[-1] == b"1048576"


def test_output_keeps_its_beginning_and_end(run: Run) -> None:
    execution = run("echo first; head -c 2000 /dev/zero; echo; echo last", output_bytes=1000)
    assert execution.stopped is None
    assert execution.truncated
    assert execution.output.startswith(b"first\n")
    assert execution.output.endswith(b"last\n")
    assert b"[stillwater: 1012 bytes of output dropped]" in execution.output


def test_cancelling_ends_what_runs_and_what_would(
    fresh_sandbox: Sandbox, tree: Path, marker: str
) -> None:
    outcomes: list[str] = []
    job = Job(tree, f"sh -c 'sleep 60; : {marker}'", "test")

    def work() -> None:
        try:
            fresh_sandbox.run(job)
        except Cancelled:
            outcomes.append("cancelled")

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    wait_until_running(marker)
    fresh_sandbox.cancel()
    for worker in workers:
        worker.join(DEADLINE)
    assert outcomes == ["cancelled"] * 2
    assert running(marker) == []
    with pytest.raises(Cancelled):
        fresh_sandbox.run(job)


def wait_until_running(marker: str) -> None:
    """Until a process with that word lives."""
    deadline = time.monotonic() + DEADLINE
    while not running(marker) and time.monotonic() < deadline:
        time.sleep(0.01)


def test_an_environment_that_is_not_there_is_no_result(sandbox: Sandbox, tree: Path) -> None:
    name = "stillwater-env:missing" if sandbox.kind == "docker" else "missing"
    with pytest.raises(SandboxError, match=r"isn't there"):
        sandbox.run(Job(tree, "true", "test", environment=name, limits=Limits(seconds=5)))


def test_every_wall_is_named(sandbox: Sandbox) -> None:
    assert set(sandbox.walls()) >= PROMISED
