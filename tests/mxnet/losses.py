"""Every loss and option that MXNet 1.9.1 has, with inputs: (class, arguments, what to call with)."""

import numpy as np

P = (4, 3)
CASES = {
    "l2": ("L2Loss", {}, [P, P]),
    "l2 weighted": ("L2Loss", {"weight": 3, "batch_axis": 1}, [P, P, (4, 1)]),
    "l1": ("L1Loss", {}, [P, P]),
    "l1 weighted": ("L1Loss", {"weight": 0.5}, [P, P, (4, 1)]),
    "bce": ("SigmoidBinaryCrossEntropyLoss", {}, [P, P]),
    "bce weighted": ("SigmoidBinaryCrossEntropyLoss", {"weight": 2}, [P, P, (4, 1)]),
    "bce pos": ("SigmoidBinaryCrossEntropyLoss", {}, [P, P, None, (1, 3)]),
    "bce both": ("SigmoidBinaryCrossEntropyLoss", {"weight": 2.0}, [P, P, (4, 1), (1, 3)]),
    "bce sigmoid": ("SigmoidBinaryCrossEntropyLoss", {"from_sigmoid": True}, [P, P]),
    "bce sigmoid pos": (
        "SigmoidBinaryCrossEntropyLoss",
        {"from_sigmoid": True},
        [P, P, None, (1, 3)],
    ),
    "sce": ("SoftmaxCrossEntropyLoss", {}, [P, "class"]),
    "sce weighted": ("SoftmaxCrossEntropyLoss", {"weight": 2.0}, [P, "class", (4, 1)]),
    "sce dense": ("SoftmaxCrossEntropyLoss", {"sparse_label": False}, [P, P]),
    "sce logits": ("SoftmaxCrossEntropyLoss", {"from_logits": True, "axis": 1}, [P, "class"]),
    "sce axis": ("SoftmaxCrossEntropyLoss", {"axis": 0, "batch_axis": 1}, [(3, 4), "class"]),
    "kl": ("KLDivLoss", {}, [P, P]),
    "kl scores": ("KLDivLoss", {"from_logits": False}, [P, P]),
    "kl weighted": ("KLDivLoss", {"from_logits": False, "weight": 2, "axis": 0}, [P, P, (4, 1)]),
    "ctc": ("CTCLoss", {}, [(2, 5, 4), "words"]),
    "ctc weighted": ("CTCLoss", {"weight": 3.0}, [(2, 5, 4), "words", None, None, (2,)]),
    "ctc lengths": ("CTCLoss", {}, [(2, 5, 4), "words", "frames", "letters"]),
    "ctc label lengths": ("CTCLoss", {}, [(2, 5, 4), "words", None, "letters"]),
    "ctc TNC": ("CTCLoss", {"layout": "TNC", "label_layout": "TN"}, [(5, 2, 4), "words turned"]),
    "huber": ("HuberLoss", {}, [P, P]),
    "huber weighted": ("HuberLoss", {"rho": 0.3, "weight": 3.0}, [P, P, (4, 1)]),
    "hinge": ("HingeLoss", {}, [P, "signs"]),
    "hinge weighted": ("HingeLoss", {"margin": 2.5}, [P, "signs", (4, 1)]),
    "squared hinge": ("SquaredHingeLoss", {"margin": 0.5}, [P, "signs"]),
    "logistic": ("LogisticLoss", {}, [P, "signs"]),
    "logistic binary": ("LogisticLoss", {"label_format": "binary"}, [P, P]),
    "triplet": ("TripletLoss", {}, [P, P, P]),
    "triplet weighted": ("TripletLoss", {"margin": 0.5, "weight": 2}, [P, P, P]),
    "poisson": ("PoissonNLLLoss", {}, [P, P]),
    "poisson rates": ("PoissonNLLLoss", {"from_logits": False, "weight": 2}, [P, P, (4, 1)]),
    "cosine": ("CosineEmbeddingLoss", {}, [P, P, "pairs"]),
    "cosine weighted": (
        "CosineEmbeddingLoss",
        {"margin": 0.2, "weight": 2.0},
        [P, P, "pairs", (4, 1)],
    ),
}
OURS_ONLY = {  # MXNet cannot make graphs of these; it runs those made here
    "sdml": ("SDMLLoss", {}, [P, P]),
    "sdml smooth": ("SDMLLoss", {"smoothing_parameter": 0.1}, [P, P]),
    "poisson full": ("PoissonNLLLoss", {"compute_full": True}, [P, "counts"]),
    "poisson full rates": ("PoissonNLLLoss", {"from_logits": False, "compute_full": True},
                           [P, "counts"]),
}
FIXED = {
    "class": [0, 2, 1, 1],
    "words": [[0, 1], [2, -1]],
    "words turned": [[0, 2], [1, -1]],
    "frames": [5, 4],
    "letters": [2, 1],
    "signs": [[1, -1, 1], [-1, -1, 1], [1, 1, 1], [-1, 1, -1]],
    "pairs": [1, -1, -1, 1],
    "counts": [[2, 3, 5], [4, 2, 7], [9, 2, 3], [3, 3, 6]],
}


def arrays(spec, seed=7):
    """numpy arrays for a spec, None for those left out; the same in every world."""
    random = np.random.RandomState(seed)
    made = []
    for s in spec:
        if s is None:
            made.append(None)
        elif isinstance(s, str):
            made.append(np.array(FIXED[s], "float32"))
        else:
            made.append(random.uniform(0.1, 0.9, s).astype("float32"))
    return made
