"""One writer per run folder; the dead make room without help; the woken write nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, replace

import pytest

from mothertongue import durability, lease
from mothertongue.errors import InputError, WorkError


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def leave_behind(folder, **changes) -> lease.Owner:
    """A lease file of an owner that differs from this process in `changes`."""
    mine = lease.Owner("here", lease.machine(), os.getpid(), lease.process_start(os.getpid()), "n" * 32, 5)
    owner = replace(mine, **changes)
    (folder / lease.FILE).write_bytes(owner.data())
    return owner


def test_a_lease_is_there_while_held_and_gone_after(tmp_path):
    with lease.acquire(tmp_path) as held:
        assert lease.read_owner(tmp_path) == held.owner
        assert held.owner.pid == os.getpid()
        held.check()
    assert list(tmp_path.iterdir()) == []


def test_a_living_owner_is_named_with_process_host_age_and_remedy(tmp_path):
    owner = leave_behind(tmp_path, beat=100)
    with pytest.raises(InputError) as caught:
        lease.acquire(tmp_path, patience=0.2)
    text = str(caught.value)
    assert f"process {owner.pid} on here, at work for 3 min 20 s" in text
    assert f"kill {owner.pid}" in text
    assert "--run" in text
    assert lease.read_owner(tmp_path) == owner


@pytest.mark.parametrize("changes", [{"started": "1"}, {"pid": None}], ids=["process id used again", "dead process"])
def test_a_dead_owner_of_this_machine_is_replaced_at_once(tmp_path, changes, capsys):
    owner = leave_behind(tmp_path, **{key: value or dead_process() for key, value in changes.items()})
    with lease.acquire(tmp_path, patience=1e6) as held:
        assert lease.read_owner(tmp_path).nonce == held.owner.nonce
    assert f"took over the run folder from process {owner.pid} on here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_owner_elsewhere_is_dead_when_its_counter_stands_still(tmp_path):
    leave_behind(tmp_path, machine="other", host="there")
    with lease.acquire(tmp_path, patience=0.1) as held:
        held.check()


def test_an_owner_elsewhere_lives_while_its_counter_changes(tmp_path):
    owner = leave_behind(tmp_path, machine="other", host="there")
    beats = iter(range(6, 10_000))
    stop = threading.Event()

    def beat():
        while not stop.wait(0.01):
            descriptor = os.open(tmp_path / lease.FILE, os.O_RDWR)
            durability.overwrite_held(descriptor, replace(owner, beat=next(beats)).data())
            os.close(descriptor)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(InputError, match=f"kill {owner.pid} on there"):
            lease.acquire(tmp_path, patience=30)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"{", b"[]", b'{"host": 1}'])
def test_a_lease_file_that_says_nothing_is_replaced_after_the_patience(tmp_path, content):
    (tmp_path / lease.FILE).write_bytes(content)
    with lease.acquire(tmp_path, patience=0.05) as held:
        held.check()


def test_a_stale_owner_notices_and_its_beats_go_nowhere(tmp_path):
    with lease.acquire(tmp_path, beat=0.005) as old:
        (tmp_path / lease.FILE).unlink()
        new = leave_behind(tmp_path, nonce="m" * 32, host="there")
        for _ in range(5):
            durability.overwrite_held(old._descriptor, replace(old.owner, beat=9).data())
        with (
            pytest.raises(WorkError, match=r"now held by process .* on there") as caught,
            durability.fence(tmp_path, old.check),
        ):
            durability.write_text(tmp_path / "x", "from the dead")
        assert caught.value.problems[0].code == "MT812"
        assert not (tmp_path / "x").exists()
    assert lease.read_owner(tmp_path) == new


def test_all_beats_have_one_length(tmp_path):
    owner = leave_behind(tmp_path)
    assert {len(replace(owner, beat=beat).data()) for beat in (0, 9, 10**11)} == {len(owner.data())}
    assert lease.read_owner(tmp_path) == owner
    assert set(json.loads(owner.data())) == set(asdict(owner))


def test_of_many_that_want_a_dead_lease_one_gets_it(tmp_path):
    for _ in range(10):
        leave_behind(tmp_path, pid=dead_process())
        held, refused, start = [], [], threading.Barrier(6)

        def take(held=held, refused=refused, start=start):
            start.wait()
            try:
                held.append(lease.acquire(tmp_path, patience=0.5))
            except InputError as error:
                refused.append(error)

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(held), len(refused)) == (1, 5)
        held[0].check()
        with held[0]:
            pass
        assert list(tmp_path.iterdir()) == []
