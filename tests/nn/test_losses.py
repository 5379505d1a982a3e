"""Every loss against plain loops over pairs and triplets."""

import itertools
import math

import pytest
import torch

from terrakin.errors import RecipeError
from terrakin.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from terrakin.nn.losses.contrastive import Contrastive
from terrakin.nn.losses.cross_entropy import CrossEntropy
from terrakin.nn.losses.distillation import Distillation
from terrakin.nn.losses.hashing import Hashing
from terrakin.nn.losses.multi_similarity import MultiSimilarity
from terrakin.nn.losses.normalised_softmax import NormalisedSoftmax
from terrakin.nn.losses.triplet import Triplet
from terrakin.nn.output import Output

LABELS = torch.tensor([0, 0, 1, 1, 1, 2])
CLASSES = 3
SIZE = 5


@pytest.fixture
def output():
    draw = torch.Generator().manual_seed(5)
    rows = torch.randn(len(LABELS), SIZE, generator=draw, dtype=torch.float64)
    return Output(rows, torch.randn(len(LABELS), CLASSES, generator=draw, dtype=torch.float64))


def unit(row):
    length = math.sqrt(sum(value**2 for value in row))
    return [value / length for value in row]


def cosine(a, b):
    return sum(x * y for x, y in zip(unit(a), unit(b), strict=True))


def distance(a, b):
    return math.dist(unit(a), unit(b))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def log_share(scores, chosen):
    return scores[chosen] - math.log(sum(math.exp(score) for score in scores))


def pairs(labels, *, same):
    return [(i, j) for i, j in itertools.permutations(range(len(labels)), 2) if (labels[i] == labels[j]) == same]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy(output, smoothing):
    def of(scores, label):
        wanted = [smoothing / CLASSES + (1 - smoothing) * (c == label) for c in range(CLASSES)]
        return -sum(share * log_share(scores, c) for c, share in enumerate(wanted))

    slow = mean(of(scores, label) for scores, label in zip(output.logits.tolist(), LABELS.tolist(), strict=True))
    assert float(CrossEntropy(SIZE, CLASSES, label_smoothing=smoothing)(output, LABELS)) == pytest.approx(slow)


@pytest.mark.parametrize(("scale", "margin"), [(16.0, 0.0), (4.0, 0.3)])
def test_normalised_softmax(output, scale, margin):
    loss = NormalisedSoftmax(SIZE, CLASSES, scale=scale, margin=margin).double()
    proxies = loss.proxies.tolist()

    def of(row, label):
        return -log_share([scale * (cosine(row, p) - margin * (c == label)) for c, p in enumerate(proxies)], label)

    slow = mean(of(row, label) for row, label in zip(output.embedding.tolist(), LABELS.tolist(), strict=True))
    assert loss(output, LABELS).item() == pytest.approx(slow)


@pytest.mark.parametrize(("cosine_weight", "gram_weight"), [(1.0, 0.0), (0.0, 1.0), (2.0, 3.0)])
def test_distillation(output, cosine_weight, gram_weight):
    teacher = torch.nn.functional.normalize(torch.rand(len(LABELS), SIZE, dtype=torch.float64), dim=1)
    student, wanted = output.embedding.tolist(), teacher.tolist()
    apart = mean(1 - cosine(a, b) for a, b in zip(student, wanted, strict=True))
    both = list(itertools.product(range(len(LABELS)), repeat=2))
    relations = mean((cosine(student[i], student[j]) - cosine(wanted[i], wanted[j])) ** 2 for i, j in both)
    loss = Distillation(SIZE, CLASSES, cosine=cosine_weight, gram=gram_weight)
    assert float(loss(output, LABELS, teacher)) == pytest.approx(cosine_weight * apart + gram_weight * relations)


@pytest.mark.parametrize("triplets", ["all", "semi-hard", "batch-hard"])
@pytest.mark.parametrize("margin", [0.2, 1.5])
def test_triplet(output, triplets, margin):
    rows = output.embedding.tolist()
    terms = []
    for anchor in range(len(rows)):
        near = [distance(rows[anchor], rows[p]) for a, p in pairs(LABELS, same=True) if a == anchor]
        far = [distance(rows[anchor], rows[n]) for a, n in pairs(LABELS, same=False) if a == anchor]
        if triplets == "batch-hard":
            near, far = near and [max(near)], [min(far)]
        for p, n in itertools.product(near, far):
            if triplets != "semi-hard" or 0 < n - p <= margin:
                terms.append(p - n + margin)
    slow = mean(term for term in terms if term > 0)
    assert slow > 0
    assert float(Triplet(SIZE, CLASSES, margin=margin, triplets=triplets)(output, LABELS)) == pytest.approx(slow)


@pytest.mark.parametrize("triplets", ["semi-hard", "batch-hard"])
@pytest.mark.parametrize("margin", [0.2, 1.5])
def test_triplet_with_both_anchors(output, triplets, margin):
    rows = output.embedding.tolist()
    terms = []
    for anchor in range(len(rows)):
        near = {p: distance(rows[anchor], rows[p]) for a, p in pairs(LABELS, same=True) if a == anchor}
        far = {n: distance(rows[anchor], rows[n]) for a, n in pairs(LABELS, same=False) if a == anchor}
        if triplets == "batch-hard":
            near, far = near and {max(near, key=near.get): max(near.values())}, {min(far, key=far.get): min(far.values())}
        for p, n in itertools.product(near, far):
            if triplets != "semi-hard" or 0 < far[n] - near[p] <= margin:
                terms += [near[p] - far[n] + margin, near[p] - distance(rows[p], rows[n]) + margin]
    slow = mean(term for term in terms if term > 0)
    assert slow > 0
    assert float(Triplet(SIZE, CLASSES, margin=margin, triplets=triplets, anchors="both")(output, LABELS)) == pytest.approx(
        slow
    )


@pytest.mark.parametrize("quantisation", [0.0, 1.0, 2.5])
def test_hashing(output, quantisation):
    rows = output.embedding.tolist()
    kinds = {True: [], False: []}
    for i, j in itertools.combinations(range(len(rows)), 2):
        half = sum(x * y for x, y in zip(rows[i], rows[j], strict=True)) / 2
        same = bool(LABELS[i] == LABELS[j])
        kinds[same].append(math.log(1 + math.exp(half)) - same * half)
    far = mean(math.log(math.cosh(abs(value) - 1)) for row in rows for value in row)
    slow = (mean(kinds[True]) + mean(kinds[False])) / 2 + quantisation * far
    assert float(Hashing(SIZE, CLASSES, quantisation=quantisation)(output, LABELS)) == pytest.approx(slow)


def test_hashing_does_without_pairs(output):
    rows = output.embedding[:1].clone().requires_grad_()
    value = Hashing(SIZE, CLASSES, quantisation=0)(Output(rows, None), LABELS[:1])
    value.backward()
    assert value.item() == 0
    assert not rows.grad.any()


def test_hashing_bears_large_values(output):
    value = Hashing(SIZE, CLASSES)(Output(1e4 * output.embedding, None), LABELS)
    assert torch.isfinite(value)


@pytest.mark.parametrize("margin", [1.0, 1.6])
def test_contrastive(output, margin):
    rows = output.embedding.tolist()
    pull = [distance(rows[i], rows[j]) for i, j in pairs(LABELS, same=True)]
    push = [margin - distance(rows[i], rows[j]) for i, j in pairs(LABELS, same=False)]
    slow = mean(pull) + mean(term for term in push if term > 0)
    assert float(Contrastive(SIZE, CLASSES, margin=margin)(output, LABELS)) == pytest.approx(slow)


@pytest.mark.parametrize(
    "options", [{}, {"alpha": 3.0, "beta": 10.0}, {"base": 0.2, "epsilon": 0.4}], ids=["defaults", "sharpness", "mining"]
)
def test_multi_similarity(output, options):
    alpha, beta, base, epsilon = ({"alpha": 2.0, "beta": 50.0, "base": 0.5, "epsilon": 0.1} | options).values()
    rows = output.embedding.tolist()
    terms = []
    for anchor in range(len(rows)):
        same = [cosine(rows[anchor], rows[p]) for a, p in pairs(LABELS, same=True) if a == anchor]
        others = [cosine(rows[anchor], rows[n]) for a, n in pairs(LABELS, same=False) if a == anchor]
        hard_same = [s for s in same if s - epsilon < max(others)]
        hard_others = [s for s in others if s + epsilon > min(same, default=math.inf)]
        pull = math.log(1 + sum(math.exp(-alpha * (s - base)) for s in hard_same)) / alpha
        push = math.log(1 + sum(math.exp(beta * (s - base)) for s in hard_others)) / beta
        terms.append(pull + push)
    assert float(MultiSimilarity(SIZE, CLASSES, **options)(output, LABELS)) == pytest.approx(mean(terms))


def test_distillation_has_nothing_to_learn_from_itself(output):
    targets = torch.nn.functional.normalize(output.embedding, dim=1)
    assert float(Distillation(SIZE, CLASSES)(output, LABELS, targets)) == pytest.approx(0, abs=1e-12)


def test_distillation_needs_a_teacher(output):
    with pytest.raises(RecipeError, match="needs a teacher, and there is none"):
        Distillation(SIZE, CLASSES)(output, LABELS)


def test_distillation_needs_a_teacher_of_its_width(output):
    with pytest.raises(RecipeError, match="sees 5 columns of the embedding, and its teacher has 7; give the head a part of 7"):
        Distillation(SIZE, CLASSES)(output, LABELS, torch.ones(len(LABELS), 7))


def test_cross_entropy_needs_logits(output):
    with pytest.raises(RecipeError, match="needs logits, and this head gives none"):
        CrossEntropy(SIZE, CLASSES)(Output(output.embedding, None), LABELS)


def test_cross_entropy_sees_no_part():
    with pytest.raises(RecipeError, match="take part out"):
        CrossEntropy(SIZE, CLASSES, columns=slice(0, 2))


@pytest.mark.parametrize("loss", [Triplet, Contrastive, MultiSimilarity])
def test_a_batch_without_pairs_costs_nothing_and_trains_on(output, loss):
    rows = output.embedding.clone().requires_grad_()
    value = loss(SIZE, CLASSES)(Output(rows[:1], None), LABELS[:1])
    value.backward()
    assert value.item() == 0
    assert not rows.grad.any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NormalisedSoftmax(SIZE, CLASSES, scale=0), "scale > 0 and margin >= 0, got scale 0"),
        (lambda: NormalisedSoftmax(SIZE, CLASSES, margin=-1), "and margin -1"),
        (lambda: Distillation(SIZE, CLASSES, cosine=0, gram=0), "got 0 and 0"),
        (lambda: Distillation(SIZE, CLASSES, gram=-1), "got 1.0 and -1"),
        (lambda: CrossEntropy(SIZE, CLASSES, label_smoothing=1), "label_smoothing is from 0 to below 1, got 1"),
        (lambda: Triplet(SIZE, CLASSES, margin=0), "margin is between 0 and 2, got 0"),
        (lambda: Triplet(SIZE, CLASSES, triplets="semihard"), "no triplets named 'semihard'; did you mean 'semi-hard'"),
        (lambda: Triplet(SIZE, CLASSES, anchors="two"), "anchors are one or both, got 'two'"),
        (lambda: Triplet(SIZE, CLASSES, triplets="all", anchors="both"), "as anchors already; take anchors out"),
        (lambda: Hashing(SIZE, CLASSES, quantisation=-1), "a weight of 0 or more, got -1"),
        (lambda: Contrastive(SIZE, CLASSES, margin=2.5), "above 0 and up to 2, got 2.5"),
        (lambda: MultiSimilarity(SIZE, CLASSES, beta=0), "above 0, got 2.0 and 0"),
    ],
)
def test_an_option_out_of_range_is_refused(make, words):
    with pytest.raises(RecipeError, match=words):
        make()


def test_binary_cross_entropy_asks_of_each_label_by_itself() -> None:
    logits = torch.tensor([[0.0, 2.0, -1.0], [3.0, -0.5, 0.0]], dtype=torch.float64)
    sets = torch.tensor([[True, True, False], [False, False, False]])
    loss = BinaryCrossEntropy(4, 3)
    found = loss(Output(torch.zeros(2, 4), logits), sets).item()
    terms = [
        -math.log(p if wanted else 1 - p)
        for row, labels in zip(logits.sigmoid().tolist(), sets.tolist(), strict=True)
        for p, wanted in zip(row, labels, strict=True)
    ]
    assert found == pytest.approx(sum(terms) / 6, abs=1e-12)
