"""Write network.json: what PyTorch computes in float64 for batch normalization and for networks.

Run it where PyTorch is installed; the tests read the file only.

    python tests/goldens/make_network.py
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

HERE = Path(__file__).parent
ROWS, SIZES, STEPS = 8, [5, 7, 4, 3], 20
torch.set_default_dtype(torch.float64)


def batch_norm() -> dict[str, Any]:
    """Two training batches, the second with a backward pass, then a pass as at test time."""
    layer = nn.BatchNorm1d(3, eps=1e-5, momentum=0.1)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(3) + 0.5)
        layer.bias.copy_(torch.randn(3))
    # One feature hardly varies: there ε counts.
    spread, centre = torch.tensor([1.0, 20.0, 1e-3]), torch.tensor([0.0, -5.0, 2.0])
    batches = [torch.randn(ROWS, 3) * spread + centre for _ in range(2)]
    layer(batches[0])
    x = batches[1].clone().requires_grad_()
    output = layer(x)
    upstream = torch.randn(ROWS, 3)
    output.backward(upstream)
    layer.eval()
    return {
        "batches": [batch.tolist() for batch in batches],
        "gamma": layer.weight.tolist(),
        "beta": layer.bias.tolist(),
        "output": output.tolist(),
        "upstream": upstream.tolist(),
        "gradient": {
            "x": x.grad.tolist(),
            "gamma": layer.weight.grad.tolist(),
            "beta": layer.bias.grad.tolist(),
        },
        "running_mean": layer.running_mean.tolist(),
        "running_var": layer.running_var.tolist(),
        "output_at_test_time": layer(batches[0]).tolist(),
    }


def prelu() -> dict[str, Any]:
    """One slope a unit, below 0, between 0 and 1, and above 1."""
    layer = nn.PReLU(3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([-0.5, 0.25, 1.5]))
    x = torch.randn(ROWS, 3, requires_grad=True)
    upstream = torch.randn(ROWS, 3)
    output = layer(x)
    output.backward(upstream)
    return {
        "x": x.tolist(),
        "beta": layer.weight.tolist(),
        "output": output.tolist(),
        "upstream": upstream.tolist(),
        "gradient": {"x": x.grad.tolist(), "beta": layer.weight.grad.tolist()},
    }


def flat(layers: nn.Sequential, gradient: bool = False) -> list[float]:
    """All parameters, or their gradients, in the order and layout of coursekit's vector."""
    vector: list[float] = []
    for parameter in layers.parameters():
        array = parameter.grad if gradient else parameter.detach()
        # A Linear layer keeps the transpose.
        vector += (array.T if array.ndim == 2 else array).flatten().tolist()
    return vector


def mlp(activation: str, normalized: bool, loss: str) -> dict[str, Any]:
    """Loss and gradient of one batch, then the parameters after some steps of Adam on it."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(SIZES[:-1]):
        layers.append(nn.Linear(n_in, n_out, bias=not normalized))
        if normalized:
            layers.append(nn.BatchNorm1d(n_out))
        layers.append({"relu": nn.ReLU, "tanh": nn.Tanh}[activation]())
    network = nn.Sequential(*layers, nn.Linear(*SIZES[-2:]))
    x = torch.randn(ROWS, SIZES[0])
    if loss == "softmax_cross_entropy":
        criterion, targets = nn.CrossEntropyLoss(), torch.randint(SIZES[-1], (ROWS,))
    else:
        criterion, targets = nn.MSELoss(), torch.randn(ROWS, SIZES[-1])
    golden = {"activation": activation, "batch_norm": normalized, "loss": loss}
    golden |= {"x": x.tolist(), "targets": targets.tolist(), "parameters": flat(network)}
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for step in range(STEPS):
        optimizer.zero_grad()
        value = criterion(network(x), targets)
        value.backward()
        if step == 0:
            golden |= {"value": value.item(), "gradient": flat(network, gradient=True)}
        optimizer.step()
    return golden | {"parameters_after_adam": flat(network)}


def main() -> None:
    torch.manual_seed(0)
    golden = {
        "generator": {
            "script": Path(__file__).name,
            "package": "torch",
            "version": torch.__version__,
        },
        "sizes": SIZES,
        "steps": STEPS,
        "batch_norm": batch_norm(),
        "prelu": prelu(),
        "mlp": [
            mlp("relu", False, "softmax_cross_entropy"),
            mlp("tanh", False, "mean_squared_error"),
            mlp("tanh", True, "softmax_cross_entropy"),
        ],
    }
    text = json.dumps(golden, indent=1)
    (HERE / "network.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
