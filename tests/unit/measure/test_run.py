"""When it begins to matter which test pays."""

import threading
from pathlib import Path

from pytest_claude_budget.measure.run import Run


def test_a_second_thread_waits_until_the_first_sign_is_heeded(tmp_path: Path) -> None:
    """Else its call would be nobody's; and tests are followed once."""
    run, told, began = Run(tmp_path / "run.sqlite3", ""), list[str](), threading.Event()
    threads: list[threading.Thread] = []

    def second() -> None:
        began.set()
        run.heed()
        told.append("second goes on")

    def follow() -> None:
        run.heed()  # as whatever is loaded for it may
        threads.append(threading.Thread(target=second))
        threads[0].start()
        assert began.wait(10)
        told.append("followed")

    run.at_first_sign = follow
    run.heed()
    threads[0].join()
    run.heed()
    assert (told, run.is_heeding, run.faults) == (["followed", "second goes on"], True, [])
