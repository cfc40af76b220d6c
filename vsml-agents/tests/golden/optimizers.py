"""Measures reference implementations of meta-optimizers on test functions, and writes optimizers.json beside this file.

    python -m venv venv && venv/bin/pip install evosax==0.3.2 cma==4.5.0 cmaes==0.13.1 numpy==2.4.6
    venv/bin/python vsml-agents/tests/golden/optimizers.py

A case is an optimizer with its settings, a function, a start, and a number of generations. What is written down is log10 of
the function (no less than 1e-10) at the mean (of simple_ga: at the best member so far; of IPOP-CMA-ES: likewise) when all
evaluations are spent: median and quartiles over SEEDS seeds. Functions are minimised here.
"""

import importlib.metadata
import json
import pathlib
import platform
import warnings

import cma
import jax
import jax.numpy as jnp
import numpy as np
import optax
from cmaes import SepCMA
from evosax.algorithms import ARS, PGPE, SNES, GuidedES, Open_ES, SimpleGA
from evosax.core.fitness_shaping import centered_rank_fitness_shaping_fn, identity_fitness_shaping_fn

SEEDS = 20
FLOOR = 1e-10
warnings.filterwarnings("ignore")


def sphere(x):
    return (x**2).sum(-1)


def ellipsoid(x):
    n = x.shape[-1]
    return (10.0 ** (6.0 * np.arange(n) / (n - 1)) * x**2).sum(-1)


def rosenbrock(x):
    return (100.0 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1.0 - x[..., :-1]) ** 2).sum(-1)


def rastrigin(x):
    cos = jnp.cos if isinstance(x, jax.Array) else np.cos
    return (x**2 - 10.0 * cos(2.0 * np.pi * x) + 10.0).sum(-1)


FUNCTIONS = {"sphere": (sphere, 1.0), "ellipsoid": (ellipsoid, 1.0), "rosenbrock": (rosenbrock, 0.0),
             "rastrigin": (rastrigin, 2.2)}


class WithOwnGradient(GuidedES):
    """Guided by its own last gradient, where nobody gives another."""

    def _tell(self, key, population, fitness, state, params):
        half = self.population_size // 2
        gradient = jnp.dot(fitness[:half] - fitness[half:], state.z[:half])
        new = super()._tell(key, population, fitness, state, params)
        return new.replace(grad=gradient)


def evosax_case(optimizer, settings, function, dimensions, start, generations):
    adam = optax.adam(settings.get("learning_rate", 1.0))
    deviation = settings["deviation"]
    constant = optax.constant_schedule(deviation)
    solution = jnp.zeros(dimensions)
    ranks = centered_rank_fitness_shaping_fn if settings.get("shaping", "centred-ranks") == "centred-ranks" else identity_fitness_shaping_fn
    size = settings["population"] if "population" in settings else 2 * settings["pairs"]
    replaced = {}
    if optimizer == "evolution-strategies":
        algorithm = Open_ES(size, solution, optimizer=adam, std_schedule=constant, fitness_shaping_fn=ranks)
    elif optimizer == "pgpe":
        algorithm = PGPE(size, solution, optimizer=adam, fitness_shaping_fn=ranks)
        replaced = {"std_init": deviation, "std_lr": settings["deviation_learning_rate"]}
    elif optimizer == "snes":
        algorithm = SNES(size, solution)
        replaced = {"std_init": deviation}
    elif optimizer == "augmented-random-search":
        algorithm = ARS(size, solution, optimizer=optax.sgd(settings["learning_rate"]), std_schedule=constant)
        algorithm.elite_ratio = settings["top_share"]
    elif optimizer == "guided-evolution-strategies":
        # Its deviation is the length of a perturbation.
        longer = optax.constant_schedule(deviation * dimensions**0.5)
        algorithm = WithOwnGradient(size, solution, settings["directions"], optimizer=adam, std_schedule=longer,
                                    fitness_shaping_fn=ranks)
        replaced = {"alpha": settings["isotropy"]}
    elif optimizer == "genetic-algorithm":
        algorithm = SimpleGA(size, solution, std_schedule=constant)
        algorithm.elite_ratio = settings["parents"] / settings["population"]
    parameters = algorithm.default_params.replace(**replaced)

    def run(seed):
        first, second = jax.random.split(jax.random.key(seed))
        if optimizer == "genetic-algorithm":
            everybody = jnp.full((size, dimensions), start)
            state = algorithm.init(first, everybody, function(everybody), parameters)
        else:
            state = algorithm.init(first, jnp.full(dimensions, start), parameters)

        def generation(state, key):
            ask, tell = jax.random.split(key)
            population, state = algorithm.ask(ask, state, parameters)
            state, _ = algorithm.tell(tell, population, function(population), state, parameters)
            return state, None

        state, _ = jax.lax.scan(generation, state, jax.random.split(second, generations))
        return state.best_fitness if optimizer == "genetic-algorithm" else function(algorithm.get_mean(state))

    return np.asarray(jax.jit(jax.vmap(run))(jnp.arange(SEEDS)), dtype=float), size * generations


def separable_case(settings, function, dimensions, start, generations):
    values = []
    for seed in range(1, SEEDS + 1):
        strategy = SepCMA(np.full(dimensions, start), settings["deviation"], seed=seed,
                          population_size=settings["population"])
        for _ in range(generations):
            population = [strategy.ask() for _ in range(settings["population"])]
            strategy.tell([(x, float(function(x))) for x in population])
        values.append(function(strategy.mean))
    return np.array(values), settings["population"] * generations


def pycma_case(settings, function, dimensions, start, generations):
    options = {"popsize": settings["population"], "verbose": -9, "tolfun": 0, "tolfunhist": 0, "tolx": 0,
               "tolstagnation": 10**9, "tolflatfitness": 10**9, "tolfunrel": 0, "tolconditioncov": False}
    values = []
    for seed in range(1, SEEDS + 1):
        strategy = cma.CMAEvolutionStrategy(dimensions * [start], settings["deviation"], {**options, "seed": seed})
        for _ in range(generations):
            population = np.array(strategy.ask())
            strategy.tell(population, function(population).tolist())
        values.append(function(np.asarray(strategy.mean)))
    return np.array(values), settings["population"] * generations


def ipop_case(settings, function, dimensions, start, evaluations):
    values = []
    for seed in range(1, SEEDS + 1):
        rng = np.random.default_rng(seed)

        def begin():
            return start + settings["deviation"] * rng.standard_normal(dimensions)

        options = {"popsize": settings["population"], "seed": seed, "verbose": -9, "maxfevals": evaluations,
                   "ftarget": FLOOR / 10}
        best, _ = cma.fmin2(lambda x: float(function(np.asarray(x))), begin, settings["deviation"], options,
                            restarts=9, incpopsize=2, bipop=False)
        values.append(function(np.asarray(best)))
    return np.array(values), evaluations


PAIRED = {
    "evolution-strategies": {"pairs": 16, "deviation": 0.1, "learning_rate": 0.05, "shaping": "centred-ranks"},
    "pgpe": {"pairs": 16, "deviation": 0.3, "deviation_learning_rate": 0.1, "learning_rate": 0.05,
             "shaping": "centred-ranks"},
    "augmented-random-search": {"pairs": 16, "deviation": 0.1, "learning_rate": 0.05, "top_share": 0.5},
    "guided-evolution-strategies": {"pairs": 16, "deviation": 0.1, "learning_rate": 0.05, "directions": 2,
                                    "isotropy": 0.5, "shaping": "centred-ranks"},
    "genetic-algorithm": {"population": 32, "parents": 8, "deviation": 0.1},
}
RANKED = {
    "snes": {"population": 32, "deviation": 0.5},
    "sep-cma-es": {"population": 12, "deviation": 0.5},
    "cma-es": {"population": 12, "deviation": 0.5},
}
# Few enough that nearly no optimizer has come to the floor.
GENERATIONS = {
    "evolution-strategies": 200, "pgpe": 200, "augmented-random-search": 60, "guided-evolution-strategies": 200,
    "genetic-algorithm": 200, "snes": 120, "sep-cma-es": 100, "cma-es": 200,
}


def cases():
    for optimizer, settings in {**PAIRED, **RANKED}.items():
        for dimensions, names in [(10, list(FUNCTIONS)), (100, ["sphere", "ellipsoid"])]:
            for name in names:
                yield optimizer, settings, name, dimensions, GENERATIONS[optimizer]
    yield "cma-es", {"population": 8, "deviation": 2.0}, "rastrigin", 4, None


def main():
    table = []
    for optimizer, settings, name, dimensions, generations in cases():
        function, start = FUNCTIONS[name]
        if generations is None:
            values, evaluations = ipop_case(settings, function, dimensions, start, 30_000)
            reference = "cma.fmin2 with restarts (IPOP)"
        elif optimizer == "cma-es":
            values, evaluations = pycma_case(settings, function, dimensions, start, generations)
            reference = "cma.CMAEvolutionStrategy"
        elif optimizer == "sep-cma-es":
            values, evaluations = separable_case(settings, function, dimensions, start, generations)
            reference = "cmaes.SepCMA"
        else:
            values, evaluations = evosax_case(optimizer, settings, function, dimensions, start, generations)
            reference = "evosax"
        low, median, high = np.percentile(np.log10(np.maximum(values, FLOOR)), [25, 50, 75])
        table.append({
            "optimizer": optimizer, "settings": settings, "function": name, "dimensions": dimensions, "start": start,
            "evaluations": evaluations, "reference": reference,
            "log10": {"lower_quartile": round(low, 4), "median": round(median, 4), "upper_quartile": round(high, 4)},
        })
        print(json.dumps(table[-1]), flush=True)
    versions = {package: importlib.metadata.version(package) for package in ["evosax", "cma", "cmaes", "jax", "optax", "numpy"]}
    versions["python"] = platform.python_version()
    path = pathlib.Path(__file__).with_name("optimizers.json")
    lines = ",\n".join("  " + json.dumps(case) for case in table)
    head = json.dumps({"versions": versions, "seeds": SEEDS, "floor": FLOOR})[:-1]
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
