"""Two calls that give different results never have one key, whatever makes them differ.

Each case builds a function and its inputs from a value, and says what a call gives. Two values
that give different results must have different keys, or be refused: what a function can read is in
the key, or nothing is kept.
"""

import collections
import dataclasses
import functools
import itertools
import random
import types

import numpy as np
import pytest

from overfit_tutorial.sweeps import identity

SEED, N_PAIRS = 20261126, 40


def script(text, **scope):
    scope = {"__name__": "__main__", **scope}
    exec(text, scope)
    return scope["f"]


# -- Values, and others that differ in one place -------------------------------------------------


def leaf(dice):
    return dice.choice(
        [
            lambda: dice.randrange(-5, 6),
            lambda: dice.choice([0.0, -0.0, 1.0, 0.1, float("inf")]),
            lambda: dice.choice([True, False, None, ...]),
            lambda: dice.choice(["", "a", "1", "True"]),
            lambda: dice.choice([b"", b"a"]),
            lambda: complex(dice.randrange(2), dice.randrange(2)),
            lambda: range(dice.randrange(3)),
            lambda: np.float32(dice.randrange(3)),
            lambda: np.arange(dice.randrange(1, 4)) + dice.randrange(2),
            lambda: np.array([dice.randrange(2)], dtype=dice.choice(["i4", "i8", "f4", "?"])),
        ]
    )()


def tree(dice, depth=3):
    """Return containers within containers, with leaves."""
    if depth == 0 or dice.random() < 0.2:
        return leaf(dice)
    parts = [tree(dice, depth - 1) for _ in range(dice.randrange(1, 4))]
    names = dice.sample("abcdef", len(parts))
    return dice.choice(
        [
            lambda: parts,
            lambda: tuple(parts),
            lambda: dict(zip(names, parts, strict=True)),
            lambda: collections.OrderedDict(zip(names, parts, strict=True)),
            lambda: collections.defaultdict(list, zip(names, parts, strict=True)),
            lambda: types.MappingProxyType(dict(zip(names, parts, strict=True))),
            lambda: functools.partial(max, *parts),
            lambda: Box(parts[0], parts[-1]),
            lambda: Named(parts[0], parts[-1]),
            lambda: Slotted(parts[0], parts[-1]),
        ]
    )()


@dataclasses.dataclass
class Box:
    one: object
    two: object = 2


@dataclasses.dataclass(slots=True)
class Slotted:
    one: object
    two: object = 2


Named = collections.namedtuple("Named", ["one", "two"])


def spell(value):
    """Return all that can be read of a value, as text."""
    name = type(value).__name__
    if isinstance(value, np.ndarray):
        return f"{name} {value.dtype} {value.shape} {value.tolist()!r}"
    if isinstance(value, functools.partial):
        return f"{name} {spell(value.args)}"
    if isinstance(value, Box | Slotted):
        return f"{name} {spell([value.one, value.two])}"
    if isinstance(value, list | tuple):
        return f"{name} [{', '.join(map(spell, value))}]"
    if isinstance(value, dict | types.MappingProxyType):
        return f"{name} {spell(list(value.items()))}"
    return f"{name} {value!r}"


# -- Where a value may hide ----------------------------------------------------------------------


def as_input(value):
    return spell, {"x": value}


def as_global(value):
    return script("def f():\n    return spell(VALUE)", VALUE=value, spell=spell), {}


def as_global_of_a_callee(value):
    text = "def g():\n    return spell(VALUE)\ndef f():\n    return g()"
    return script(text, VALUE=value, spell=spell), {}


def as_closure(value):
    return (lambda: spell(value)), {}


def as_default(value):
    return (lambda kept=value: spell(kept)), {}


def as_keyword_default(value):
    return (lambda *, kept=value: spell(kept)), {}


def as_attribute_of_a_function(value):
    def f():
        return spell(f.kept)

    f.kept = value
    return f, {}


def as_argument_of_a_partial(value):
    return functools.partial(spell, value), {}


def as_self_of_a_method(value):
    return types.MethodType(spell, value), {}


def as_attribute_of_a_class(value):
    text = (
        "class C:\n    kept = VALUE\n    def run(self):\n        return spell(type(self).kept)\n"
    )
    return script(text + "def f():\n    return C().run()", VALUE=value, spell=spell), {}


def as_attribute_of_a_base(value):
    text = "class A:\n    kept = VALUE\nclass C(A):\n    pass\ndef f():\n    return spell(C.kept)"
    return script(text, VALUE=value, spell=spell), {}


def as_attribute_of_a_dataclass(value):
    box = Box(1)
    box.more = value
    return (lambda x: spell(x.more)), {"x": box}


def as_attribute_of_a_list(value):
    class Marked(list):
        pass

    marked = Marked([1])
    marked.more = value
    return (lambda x: spell(x.more)), {"x": marked}


def as_self_of_a_builtin(value):
    return (lambda x: spell(x("a", 0))), {"x": {"a": value}.get}


def as_behind_a_cache(value):
    return functools.cache(lambda: spell(value)), {}


def as_behind_a_wrapper(value):
    @functools.wraps(spell)
    def f():
        return spell(value)

    return f, {}


PLACES = [place for name, place in list(globals().items()) if name.startswith("as_")]


# No file changes here: which modules a function runs takes longest to find, and once is enough.
conditions = functools.cache(identity._conditions)


def key(function, inputs):
    """Return the key of a call; None where it is refused."""
    try:
        known = identity.Identity(function)
        known._conditions = conditions
        return known.of(**inputs)[0]
    except TypeError:
        return None


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_what_changes_a_result_changes_its_key(place):
    print(f"seed {SEED}, for {place.__name__}")
    dice = random.Random(f"{SEED} {place.__name__}")
    found = []
    for _ in range(3 * N_PAIRS):
        function, inputs = place(tree(dice))
        found.append((function(*inputs.values()), key(function, inputs)))
    known = [pair for pair in found if pair[1] is not None]
    assert len(known) > N_PAIRS, "most are known"
    results = [
        (one, other) for one, other in itertools.combinations(known, 2) if one[0] != other[0]
    ]
    assert len(results) > 1000
    assert not [(one, other) for one, other in results if one[1] == other[1]]
    # And a key is no lottery: equal results of a place come from equal values here.
    equal = [(a, b) for a, b in itertools.combinations(known, 2) if a[0] == b[0]]
    assert all(one[1] == other[1] for one, other in equal)


# -- Objects with a life of their own ------------------------------------------------------------


def wrapped(factor):
    class Times:
        def __init__(self):
            functools.update_wrapper(self, spell)

        def __call__(self, x):
            return factor * x

    return Times()


def masked(flag):
    return np.ma.masked_array([1.0, 2.0], mask=[flag, False])


def frompyfunc(factor):
    return np.frompyfunc(lambda x: factor * x, 1, 1)


def itself(value):
    class Mine(dict):
        pass

    mine = Mine(a=1)
    mine.more = value
    return mine


@pytest.mark.parametrize("make", [wrapped, masked, frompyfunc, itself])
def test_what_cannot_be_told_apart_is_refused(make):
    for value in (0, 1):
        with pytest.raises(TypeError, match=r"^x must consist of"):
            identity.Identity(spell).of(x=make(value))


def test_a_model_of_keras_is_refused_wherever_it_is():
    import keras

    from overfit_tutorial import networks

    network = networks.build_mlp((3,), seed=0)
    generator = keras.random.SeedGenerator(0)
    for value in (network, generator, network.layers[0], keras.optimizers.Adam(0.1)):
        for place in (as_input, as_global, as_closure, as_default, as_attribute_of_a_class):
            assert key(*place(value)) is None


def test_a_schedule_of_keras_counts_with_all_that_it_has():
    import keras

    class Mine(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return self.rate

        def get_config(self):
            return {}

    decay = keras.optimizers.schedules.ExponentialDecay
    schedules = [Mine(1), Mine(2), decay(0.1, 5, 0.5), decay(0.1, 5, 0.6), decay(0.2, 5, 0.5)]
    keys = [key(spell, {"x": schedule}) for schedule in schedules]
    assert None not in keys
    assert len(set(keys)) == len(schedules)
    assert key(spell, {"x": decay(0.1, 5, 0.5)}) == keys[2]


def test_children_that_a_seed_has_spawned_count():
    seeds = [np.random.SeedSequence(1), np.random.SeedSequence(1)]
    seeds[1].spawn(2)
    assert key(spell, {"x": seeds[0]}) != key(spell, {"x": seeds[1]})
