"""Holds a thread up at one step of a module, so that what others do meanwhile is tried at each of them and not by luck."""

import sys
import threading
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any


def held_up(module: ModuleType, work: Callable[[], None], at: int, meanwhile: Callable[[], None]) -> bool:
    """Do it in a thread that stops at one of its steps in a module, counted from 0, until another was done; False where it has fewer."""
    steps, was_held_up = 0, False

    def step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps, was_held_up
        if frame.f_code.co_filename != module.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            if steps == at:
                was_held_up = True
                meanwhile()
            steps += 1
        return step

    def traced() -> None:
        sys.settrace(step)
        try:
            work()
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=traced)
    thread.start()
    thread.join()
    return was_held_up
