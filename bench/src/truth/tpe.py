"""Optuna's tree-structured Parzen estimator over the points of a grid.

Each line of input is answered with one line, the next point that the sampler proposes, both as JSON:
{"seed": N, "axes": {NAME: [VALUE, ...]}} begins a study, and {"value": X} says what the last point was worth.
"""

import json
import sys

import optuna


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = trial = None
    axes = {}
    for line in sys.stdin:
        message = json.loads(line)
        if "axes" in message:
            sampler = optuna.samplers.TPESampler(seed=message["seed"])
            study = optuna.create_study(direction="maximize", sampler=sampler)
            axes = message["axes"]
        else:
            study.tell(trial, message["value"])
        trial = study.ask()
        proposal = {name: trial.suggest_categorical(name, values) for name, values in axes.items()}
        print(json.dumps(proposal), flush=True)


if __name__ == "__main__":
    main()
