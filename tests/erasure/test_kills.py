"""An erasure is killed at every step that it makes on the disk, and at random moments: run again, it ends, nothing of the
person is left, everything of the others is, and its certificate is genuine."""

import random

from house import PEOPLE, SOAK, assert_erased, copy_of, killed_at_every_step
from residue import mark

RANDOM_KILLS = 1000 if SOAK else 12


def finish(here, *people):
    """Asks again for what was killed, as who asked would: they are gone already, or are erased now."""
    for person in people:
        ended = here.run("subjects", "erase", "--user", mark(person, "id"))
        assert ended.code in (0, 4), ended.stderr


def test_killed_at_every_step_it_makes_on_the_disk_an_erasure_ends(shop, preloaded, tmp_path):
    for here in killed_at_every_step(shop, preloaded, tmp_path, "subjects", "erase", "--user", mark(3, "id")):
        finish(here, 3)
        assert_erased(here, {3}, tmp_path)


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
