"""The runs behind every table, figure and claim of the paper."""

import dataclasses
import hashlib
from pathlib import Path

from keras_vabc.recipes.settings import METHODS, Setting, paper_setting
from keras_vabc.version import __version__

DIGITS = (1, 7, 8)
SEEDS = (0, 1, 2)
FRACTIONS = (0.1, 0.2, 0.3)
GAMMAS = (0.005, 0.05, 0.25, 1.0, 4.0)
MOONS_GAMMAS = (0.02, 0.15, 0.5, 1.5, 4.0, 1000.0)
MOONS_FRACTIONS = (0.2, 0.5)  # beside Moons2's own 0.8
JUDGE_SEEDS = (0, 1, 2)


@dataclasses.dataclass(frozen=True)
class PaperRun:
    """One training of the paper, measured in a worker process.

    Attributes:
        setting: What is trained.
        saved_models: Folder for the SavedModels of the headline runs.
    """

    setting: Setting
    saved_models: str = "saved_models"

    @property
    def key(self):
        """The setting's own key."""
        return self.setting.key

    def run(self, arrays):
        """Trains and measures; returns the result line, and leaves what pictures need."""
        from keras_vabc.experiments.paper.measure import measure

        names = {setting: name for name, setting in headline().items()}
        name = names.get(self.setting)
        return measure(
            self.setting,
            judge_seeds=JUDGE_SEEDS if self.setting in fig2() else JUDGE_SEEDS[:1],
            arrays=Path(arrays, f"{self.key}.npz") if self.setting in drawn() else None,
            saved_model=None if name is None else Path(self.saved_models, name),
        )


@dataclasses.dataclass(frozen=True)
class JudgeRun:
    """The two judges of one seed for one negative class of MNIST, and real data under them."""

    negative_class: int
    judge_seed: int

    @property
    def key(self):
        """Hash of the two numbers and of the package's version."""
        return _hash("judges", self.negative_class, self.judge_seed)

    def run(self, arrays):
        """Trains the judges, or loads them; returns the result line of real data."""
        from keras_vabc.experiments.paper.measure import measure_judges

        return {**measure_judges(self.negative_class, self.judge_seed), "key": self.key}


@dataclasses.dataclass(frozen=True)
class CountRun:
    """One row of Table I: the sizes of one split. Nothing is trained."""

    dataset: str
    negative_class: int
    fraction: float

    @property
    def key(self):
        """Hash of the row and of the package's version."""
        return _hash("counts", self.dataset, self.negative_class, self.fraction)

    def run(self, arrays):
        """Splits the data; returns the counts."""
        from keras_vabc.experiments.paper.measure import measure_counts

        row = dataclasses.asdict(self)
        return {"key": self.key, "method": "counts", **row, **measure_counts(**row, seed=SEEDS[0])}


@dataclasses.dataclass(frozen=True)
class RealMoonsRun:
    """Real held-out positives of a Moons data set, as a yardstick. Nothing is trained."""

    dataset: str

    @property
    def key(self):
        """Hash of the data set's name and of the package's version."""
        return _hash("real", self.dataset)

    def run(self, arrays):
        """Measures real points; returns the result line."""
        from keras_vabc.experiments.paper.measure import measure_real_moons

        return {**measure_real_moons(self.dataset, seed=SEEDS[0]), "key": self.key}


def table1():
    """The rows of Table I."""
    moons = [CountRun("moons1", 0, 1.0), CountRun("moons2", 0, 0.8)]
    return moons + [CountRun("mnist", digit, p) for digit in DIGITS for p in FRACTIONS]


def fig2():
    """VAE against V-ABC on MNIST, three digits and three seeds."""
    return [
        paper_setting(method, "mnist", digit, 0.2, seed)
        for seed in SEEDS
        for digit in DIGITS
        for method in METHODS
    ]


def fig9_fractions():
    """V-ABC by the share of negatives that is known to be unwanted."""
    return [
        paper_setting("vabc", "mnist", digit, fraction, seed)
        for fraction in FRACTIONS
        for seed in SEEDS
        for digit in DIGITS
    ]


def fig9_gammas():
    """V-ABC by gamma."""
    return [
        dataclasses.replace(paper_setting("vabc", "mnist", digit, 0.2, seed), gamma=gamma)
        for gamma in GAMMAS
        for seed in SEEDS
        for digit in DIGITS
    ]


def ablation():
    """V-ABC on '8' without one annealing, without both, and with gamma = 1 (ABC's weighting)."""
    base = [paper_setting("vabc", "mnist", 8, 0.2, seed) for seed in SEEDS]
    changes = {
        "as in the paper": {},
        "no gamma annealing": {"anneal_gamma": False},
        "no KL annealing": {"anneal_kl": False},
        "no annealing": {"anneal_gamma": False, "anneal_kl": False},
        "gamma = 1": {"gamma": 1.0},
    }
    return {
        name: [dataclasses.replace(setting, **change) for setting in base]
        for name, change in changes.items()
    }


def moons(dataset, literal=False):
    """VAE and V-ABC on Moons over seeds, in the setting of the pictures or in the literal one."""
    settings = [paper_setting(method, dataset, seed=seed) for seed in SEEDS for method in METHODS]
    if literal:
        change = {"sigma2": 1.0, "gamma": 3.0, "penalty_weight": 1.0}
        settings = [dataclasses.replace(setting, **change) for setting in settings]
    return settings


def all_moons():
    """VAE and V-ABC on both Moons data sets in both settings."""
    return [
        setting
        for dataset in ("moons2", "moons1")
        for literal in (False, True)
        for setting in moons(dataset, literal)
    ]


def moons_sensitivity():
    """V-ABC on Moons2 by gamma and by fraction, over seeds."""
    base = [paper_setting("vabc", "moons2", seed=seed) for seed in SEEDS]
    start = [
        dataclasses.replace(setting, gamma=gamma, gamma_start=max(setting.gamma_start, gamma))
        for gamma in MOONS_GAMMAS
        for setting in base
    ]
    fractions = [
        dataclasses.replace(setting, fraction=fraction)
        for fraction in MOONS_FRACTIONS
        for setting in base
    ]
    return start + fractions


def eights():
    """The runs of Figs. 6 to 8: VAE and V-ABC on MNIST with negative concept 8, first seed."""
    return [paper_setting(method, "mnist", 8, 0.2, SEEDS[0]) for method in METHODS]


def drawn():
    """Settings whose arrays are kept for pictures."""
    return eights() + [setting for setting in all_moons() if setting.seed == SEEDS[0]]


def headline():
    """Settings whose models are shipped, by the name of their SavedModel."""
    digits = {f"mnist-{digit}": paper_setting("vabc", "mnist", digit) for digit in DIGITS}
    return {"moons2": paper_setting("vabc", "moons2"), **digits}


def judges():
    """The judges of Fig. 2 and of all other runs on MNIST."""
    return [JudgeRun(digit, seed) for digit in reversed(DIGITS) for seed in JUDGE_SEEDS]


def real_moons():
    """Real points of both Moons data sets."""
    return [RealMoonsRun("moons1"), RealMoonsRun("moons2")]


def all_runs(saved_models="saved_models"):
    """Every run of the paper once: the judges, which others wait for, then Fig. 2."""
    settings = [
        *fig2(),
        *all_moons(),
        *fig9_fractions(),
        *fig9_gammas(),
        *(setting for settings in ablation().values() for setting in settings),
        *moons_sensitivity(),
    ]
    trainings = [PaperRun(setting, saved_models) for setting in dict.fromkeys(settings)]
    return [*table1(), *real_moons(), *judges(), *trainings]


def _hash(*parts):
    text = " ".join(str(part) for part in (*parts, __version__))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
