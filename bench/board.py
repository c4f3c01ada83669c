"""The board of 300 machines while eight transitions a second are committed: its size, its keyboard.

    python bench/board.py [--seconds 30] [--browser /usr/bin/chromium]

The batch is that of bench/service.py. A browser has the run's page open, presses Tab every quarter
of a second, and tells how long it takes until the focus has moved and been painted. Prints how
large the page was at most and with its scripts and styles, how often it was fetched anew to follow
the record, and those times.
"""

import argparse
import multiprocessing
import shutil
import tempfile
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Response, sync_playwright

from bench.service import prepared, served

MACHINES = 300
EVERY_MS = 250
PRESS = """
() => new Promise(done => addEventListener('focusin', event => {
  const pressed = event.timeStamp;
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - pressed)));
}, {once: true}))
"""


def main() -> None:
    """Watch, press, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    given = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        prepared(folder, MACHINES)
        told: multiprocessing.Queue[str] = processes.Queue()
        service = processes.Process(target=served, args=(folder, told), daemon=True)
        service.start()
        base = told.get(timeout=60)
        browser = playwright.chromium.launch(executable_path=given.browser, args=["--no-sandbox"])
        page = browser.new_page()
        sizes: list[tuple[str, int]] = []

        def received(answer: Response) -> None:
            if "/api/events" not in answer.url:
                sizes.append((answer.url, len(answer.body())))

        page.on("response", received)
        page.goto(f"{base}runs/bench")
        page.wait_for_load_state("load")
        times: list[float] = []
        for _ in range(int(given.seconds * 1000 / EVERY_MS)):
            waiting = page.evaluate_handle(f"() => ({{ moved: ({PRESS})() }})")
            page.keyboard.press("Tab")
            times.append(page.evaluate("async ({moved}) => await moved", waiting))
            page.wait_for_timeout(EVERY_MS)
        whole = sum(dict(sizes).values())
        pages = [size for url, size in sizes if url.endswith("/runs/bench")]
        browser.close()
        service.kill()
        service.join()
    print(f"{whole / 1024:.0f} KiB with scripts and styles; the page at most {max(pages)} bytes")
    print(f"fetched {len(pages)} times")
    print(
        f"{len(times)} keys: median {median(times):.1f} ms, 95 % within "
        f"{quantiles(times, n=20)[-1]:.1f} ms, longest {max(times):.1f} ms"
    )


if __name__ == "__main__":
    main()
