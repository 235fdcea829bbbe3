"""An erasure is killed at every step that it makes on the disk, and at random moments: run again, it ends, nothing of the
person is left, everything of the others is, and its certificate is genuine."""

import os
import random

from house import PEOPLE, assert_erased, copy_of
from residue import mark

SOAK = os.environ.get("EUNOMIA_SOAK") == "1"
# Of some two hundred; all of them in a soak.
STEPS_TO_TRY = 16
RANDOM_KILLS = 1000 if SOAK else 12


def finish(here, *people):
    """Asks again for what was killed, as who asked would: they are gone already, or are erased now."""
    for person in people:
        ended = here.run("subjects", "erase", "--user", mark(person, "id"))
        assert ended.code in (0, 4), ended.stderr


def test_killed_at_every_step_it_makes_on_the_disk_an_erasure_ends(shop, preloaded, tmp_path):
    counted = tmp_path / "count"
    here = copy_of(shop, tmp_path / "data")
    here.run("subjects", "erase", "--user", mark(3, "id"), environment={"LD_PRELOAD": str(preloaded), "FAULT_COUNT": str(counted)}).expect()
    steps = int(counted.read_text())
    assert steps > 50, "the library counts what the program does"
    stride = 1 if SOAK else max(1, steps // STEPS_TO_TRY)
    first = random.randrange(stride)
    print("steps", steps, "first", first, "stride", stride)
    killed = 0
    for step in range(first + 1, steps + 1, stride):
        here = copy_of(shop, tmp_path / "data")
        ended = here.run("subjects", "erase", "--user", mark(3, "id"),
                         environment={"LD_PRELOAD": str(preloaded), "FAULT_DIE_AT": str(step)})
        # The last few may not come: threads make them in one order today and in another tomorrow.
        assert ended.code in (-9, 0), (step, ended.stderr)
        killed += ended.code == -9
        finish(here, 3)
        assert_erased(here, {3}, tmp_path)
    assert killed >= steps // stride // 2


def test_killed_at_random_moments_erasures_end(shop, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    here, gone = copy_of(shop, tmp_path / "data"), []
    for number in range(RANDOM_KILLS):
        if len(gone) == PEOPLE // 2:
            here, gone = copy_of(shop, tmp_path / "data"), []
        person = draw.choice(sorted(set(range(PEOPLE)) - set(gone)))
        here.kill_after(draw.uniform(0.02, 0.6), "subjects", "erase", "--user", mark(person, "id"))
        finish(here, person)
        gone.append(person)
        if len(gone) == PEOPLE // 2 or number == RANDOM_KILLS - 1:
            assert_erased(here, set(gone), tmp_path)
