from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
import torch

from models.workers import side_by_side


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0.0)
        return item * item

    assert list(side_by_side(slow_first, range(8))) == [item * item for item in range(8)]


def test_an_error_comes_out_at_its_item_and_the_threads_go_on() -> None:
    results = side_by_side(lambda item: 1 // item, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(side_by_side(lambda item: item, [3])) == [3]


def test_many_callers_at_once_get_their_own_results() -> None:
    found: dict[int, list[int]] = {}

    def ask(caller: int) -> None:
        found[caller] = list(side_by_side(lambda item: item + caller, range(50)))

    threads = [threading.Thread(target=ask, args=(caller,)) for caller in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {caller: [item + caller for item in range(50)] for caller in range(8)}


def test_work_has_one_thread_of_torch_and_the_rest_of_the_process_as_many_as_before() -> None:
    code = """
import threading, torch
from models.workers import side_by_side
torch.set_num_threads(3)
inside = list(side_by_side(lambda _: (threading.current_thread().name, torch.get_num_threads()), range(60)))
later = []
thread = threading.Thread(target=lambda: later.append(torch.get_num_threads())); thread.start(); thread.join()
print({number for _, number in inside}, torch.get_num_threads(), later)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{1}", "3", "[3]"]


def test_a_result_does_not_depend_on_the_thread() -> None:
    left, right = torch.randn(70, 90).bfloat16(), torch.randn(90, 40).bfloat16()
    first, *others = side_by_side(lambda _: left @ right, range(12))
    assert all(torch.equal(first, other) for other in others)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    code = """
import os
from models.workers import side_by_side
list(side_by_side(abs, range(9)))
child = os.fork()
if child == 0:
    os._exit(sum(side_by_side(abs, range(9))))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["36"]
