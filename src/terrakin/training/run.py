"""The state of a run between two steps, and what one step does to it."""

import copy
import hashlib
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from terrakin.errors import TrainingError
from terrakin.training.batches import Batch
from terrakin.training.began import other_than_kept
from terrakin.training.checkpoint import Checkpoint
from terrakin.training.images import Images
from terrakin.training.network import Network, build_losses
from terrakin.training.optimizers import OPTIMIZERS
from terrakin.training.precision import native
from terrakin.training.recipe import Recipe, trains
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES
from terrakin.training.split import Parts
from terrakin.training.suited import network_of
from terrakin.training.validate import embed, retrieval

__all__ = ["Run"]

_FORGETTING = 0.98
# Of the mean of losses that is shown: one batch's loss says little.

_MEMORY = "optimizer."
# How names of the optimiser's tensors begin in a checkpoint; the number of a parameter follows.


class Run:
    """The state of a run between two steps."""

    def __init__(
        self,
        recipe: Recipe,
        images: Images,
        parts: Parts,
        *,
        device: torch.device,
        seed: int,
        start: Mapping[str, Tensor] | None,
    ) -> None:
        """The state before the first step."""
        classes = len(images.classes)
        self._labels = images.labels
        self.recipe, self.parts, self.device, self.seed = recipe, parts, device, seed
        # Weights are drawn from torch's global generator, which is the caller's: it gets it back as it was.
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.network = network_of(recipe, images)
            self.losses = build_losses(recipe, self.network, classes=classes).to(device)
        backbone, frontend = self.network.backbone, self.network.frontend
        if start is not None:
            backbone.load_published(start)
        # The layout in which convolutions are fastest on processors and GPUs alike.
        self.network.to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean, self.std = (
            torch.tensor(values, device=device).reshape(1, -1, 1, 1) for values in (self.network.mean, self.network.std)
        )
        groups = [
            {"kind": "backbone", "params": [weight for weight in backbone.parameters() if weight.requires_grad]},
            {"kind": "heads", "params": [*self.network.head.parameters(), *self.losses.parameters()]},
            {"kind": "frontend", "params": [] if frontend is None else list(frontend.parameters())},
        ]
        self.optimizer = OPTIMIZERS[recipe.optimizer.name](groups, **recipe.optimizer.options)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.average = copy.deepcopy(self.network).requires_grad_(False) if recipe.schedule.average else None
        self.sampler = SAMPLERS[recipe.sampler.name](images.labels[parts.train], seed=seed, **recipe.sampler.options)
        self.steps = self.sampler.steps * recipe.schedule.epochs
        self.factor = SCHEDULES[recipe.schedule.name](self.steps, self.sampler.steps, **recipe.schedule.options)
        wanted = recipe.schedule.precision
        self.precision = native(device) if wanted == "auto" else wanted
        self.step = 0
        self.figures: dict[str, float] = {}
        self.facts = {"recipe": _digest(trains(recipe)), "images": images.digest, "seed": seed, "steps": self.steps}

    def size(self, step: int) -> int:
        """Side in pixels of the images of a step."""
        sizes = self.recipe.data.sizes
        return sizes[step * len(sizes) // self.steps]

    def rehearse(self) -> None:
        """Send two images of nothing through network and losses, at every size that will come; nothing is changed.

        Raises:
            RecipeError: if a loss does not get what it needs.
            RuntimeError: from torch, if shapes do not fit.
        """
        self.network.eval()
        labels = torch.from_numpy(np.zeros_like(self._labels[:2])).to(self.device)
        targets = [torch.ones(2, teacher.size, device=self.device) for teacher in self.recipe.teachers]
        bands = self.mean.shape[1]
        with torch.no_grad():
            for size in {*self.recipe.data.sizes, self.recipe.export.size}:
                output = self.network(torch.zeros(2, bands, size, size, device=self.device))
                for term, loss in zip(self.recipe.losses, self.losses, strict=True):
                    loss(output, labels, None if term.teacher is None else targets[term.teacher])

    def best(self) -> Network:
        """The network that is validated and exported."""
        return self.average if self.average is not None else self.network

    def train(self, batch: Batch, targets: Sequence[Tensor]) -> None:
        """One step."""
        self.network.train()
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.factor(self.step)
        pixels = self._normalised(batch.pixels)
        labels = batch.labels.to(self.device)
        taught = [target[batch.rows].to(self.device) for target in targets]
        # Layers that draw, such as dropout, do so from torch's global generators: in a step they depend on its number alone.
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else ()):
            torch.manual_seed(_drawn(self.seed, self.step))
            loss, terms = self._loss(pixels, labels, taught)
        value = loss.item()
        if not np.isfinite(value):
            raise TrainingError(f"the loss is {value} at step {self.step}; lower [optimizer] learning_rate, or raise warmup")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.step += 1
        self._follow()
        kept = _FORGETTING if "loss" in self.figures else 0.0
        for name, now in {"loss": value, **terms}.items():
            self.figures[name] = kept * self.figures.get(name, 0.0) + (1 - kept) * now
        self.figures["epoch"] = self.step / self.sampler.steps
        self.figures["learning_rate"] = self.optimizer.param_groups[0]["lr"]

    def _loss(self, pixels: Tensor, labels: Tensor, targets: Sequence[Tensor]) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            # Losses read vectors; images between conversions would only take memory.
            output = self.network(pixels)._replace(steps=None)
        output = type(output)(*(value if value is None else value.float() for value in output))
        total, terms = torch.zeros((), device=self.device), {}
        for number, (term, module) in enumerate(zip(self.recipe.losses, self.losses, strict=True)):
            value = module(output, labels, None if term.teacher is None else targets[term.teacher])
            total = total + term.weight * value
            if len(self.losses) > 1:
                terms[f"loss_{number}"] = value.item()
        return total, terms

    def _follow(self) -> None:
        """Move the running average; early on it follows closely, so that the start is forgotten."""
        if self.average is None:
            return
        decay = min(self.recipe.schedule.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mine, other in zip(_state(self.average).values(), _state(self.network).values(), strict=True):
                if mine.is_floating_point():
                    mine.lerp_(other, 1 - decay)
                else:
                    mine.copy_(other)

    def validate(self, images: Images) -> None:
        """Retrieval on the images that do not train."""
        network = self.best().eval()
        size, parts, labels = self.recipe.export.size, self.parts, images.labels

        def forward(pixels: Tensor) -> Tensor:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                embedding: Tensor = network(self._normalised(pixels)).embedding
            return embedding

        rows = np.concatenate([parts.validation, parts.left_out])
        if len(rows) < 2:
            return
        embeddings = embed(forward, images, rows, size=size)
        known = len(parts.validation)
        self.figures |= retrieval(embeddings[:known], labels[parts.validation]) if known > 1 else {}
        if len(parts.left_out):
            asks = np.arange(len(rows)) >= known
            found = retrieval(embeddings, labels[rows], asks)
            self.figures |= {f"left_out_{name}": value for name, value in found.items()}

    def checkpoint(self) -> Checkpoint:
        """Everything that the next step depends on."""
        facts = {**self.facts, "step": self.step, "precision": self.precision, "figures": self.figures}
        return Checkpoint(facts, self._tensors())

    def restore(self, checkpoint: Checkpoint, path: Path) -> None:
        """Take up a run where it was left."""
        for name, mine in self.facts.items():
            if checkpoint.facts.get(name) != mine:
                told = other_than_kept(self.recipe, path.parent) if name == "recipe" else ""
                raise TrainingError(
                    f"the checkpoint {path} is of another run: {name} differs{f' ({told})' if told else ''}. "
                    "Resume with what it began with, or start anew"
                )
        if len(self.optimizer.state) == 0:
            self._fill_memory({int(name.split(".")[1]) for name in checkpoint.tensors if name.startswith(_MEMORY)})
        mine = self._tensors()
        if {name: tuple(t.shape) for name, t in mine.items()} != {n: tuple(t.shape) for n, t in checkpoint.tensors.items()}:
            raise TrainingError(f"the checkpoint {path} holds other tensors than this version trains; start again")
        with torch.no_grad():
            for name, tensor in mine.items():
                tensor.copy_(checkpoint.tensors[name])
        self.step = checkpoint.facts["step"]
        self.precision = checkpoint.facts["precision"]
        self.figures = dict(checkpoint.facts["figures"])

    def _tensors(self) -> dict[str, Tensor]:
        named = {f"network.{name}": tensor for name, tensor in _state(self.network).items()}
        named |= {f"losses.{name}": tensor for name, tensor in _state(self.losses).items()}
        if self.average is not None:
            named |= {f"average.{name}": tensor for name, tensor in _state(self.average).items()}
        for number, parameter in enumerate(self._moved()):
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if isinstance(value, Tensor):
                    named[f"{_MEMORY}{number}.{key}"] = value
        return named

    def _moved(self) -> list[Tensor]:
        """Parameters in the optimiser's order."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def _fill_memory(self, numbers: Set[int]) -> None:
        """Let the optimiser make its memory of some parameters, which it does at their first step.

        Those that no loss reaches, such as a classifier's under a loss that sees no logits, have none.
        """
        rates = [group["lr"] for group in self.optimizer.param_groups]
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        for number, parameter in enumerate(self._moved()):
            parameter.grad = torch.zeros_like(parameter) if number in numbers else None
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def _normalised(self, pixels: Tensor) -> Tensor:
        return (pixels.to(self.device) - self.mean) / self.std


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and statistics, which share memory with the module."""
    return dict(module.state_dict())


def _drawn(seed: int, step: int) -> int:
    """The seed of what layers draw in a step; batches draw from the same pair in another way."""
    return int(np.random.SeedSequence((seed, step), spawn_key=(1,)).generate_state(1, np.uint64)[0] >> 1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
