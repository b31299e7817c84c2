"""Write optimizers.json and activations.json: what PyTorch computes in float64.

Run it where PyTorch is installed; the tests read the files only.

    python tests/goldens/make_optimizers.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional

HERE = Path(__file__).parent
START, STEPS, DECAY = [-1.2, 1.0], 60, 0.97
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 1e-3}),
    "momentum": (torch.optim.SGD, {"lr": 1e-3, "momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"lr": 1e-3, "momentum": 0.9, "nesterov": True}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.3, "eps": 1e-7}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-7}),
    "adam": (torch.optim.Adam, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8}),
    "adam-large-epsilon": (torch.optim.Adam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 0.5}),
}
SCHEDULED = ("sgd", "adagrad", "rmsprop", "adam")
ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda a: functional.leaky_relu(a, 0.01),
    "softplus": lambda a: functional.softplus(a, threshold=40),
    "elu": functional.elu,
}
INPUTS = [-1000.0, -30.0, -5.0, -1.0, -0.1, 0.0, 1e-3, 0.5, 2.0, 7.0, 30.0, 1000.0]


def rosenbrock(w: torch.Tensor) -> torch.Tensor:
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def sequence(name: str, scheduled: bool) -> list[list[float]]:
    """The parameters before the first step and after each of them."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    method, settings = OPTIMIZERS[name]
    optimizer = method([w], **settings)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, DECAY if scheduled else 1.0)
    points = [w.tolist()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        rosenbrock(w).backward()
        optimizer.step()
        schedule.step()
        points.append(w.tolist())
    return points


def activation(name: str) -> dict[str, list[float]]:
    a = torch.tensor(INPUTS, dtype=torch.float64, requires_grad=True)
    z = ACTIVATIONS[name](a)
    z.sum().backward()
    return {"value": z.tolist(), "derivative": a.grad.tolist()}


def write(name: str, content: dict) -> None:
    origin = {"script": Path(__file__).name, "package": "torch", "version": torch.__version__}
    text = json.dumps({"generator": origin, **content}, indent=1)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(
        "optimizers.json",
        {
            "objective": "Rosenbrock, a = 1, b = 100",
            "decay": DECAY,
            "settings": {name: settings for name, (_, settings) in OPTIMIZERS.items()},
            "constant": {name: sequence(name, scheduled=False) for name in OPTIMIZERS},
            "scheduled": {name: sequence(name, scheduled=True) for name in SCHEDULED},
        },
    )
    write(
        "activations.json",
        {"inputs": INPUTS, "functions": {name: activation(name) for name in ACTIVATIONS}},
    )
