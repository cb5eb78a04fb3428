"""How often people see a doctor, and what insurance does to it, with PoissonNLLLoss.

A regression of counts: in 20,190 person-years of an experiment in which families were
given insurance plans by lot, the rate of visits is exp(score), and the score a weighted
sum of plan, sex, age and health. Fitted the way a Gluon script does it, on all rows at
once; exp(weight) says by what factor something changes the rate. The same with L2Loss
needs up to 1.8 times as many rows to be as sure of its factors.

    python counts.py
    python counts.py --epochs 1000 --picture factors.png
"""

import sys
from pathlib import Path

import numpy as np
import shared
from matplotlib.ticker import FixedLocator

import mxloss as mx
from mxloss import autograd, gluon, nd
from mxloss.gluon import nn

DATA = Path(__file__).with_name("doctor_visits.csv.gz")
REQUIRED_SLOPE = 1e-6  # of the mean loss with respect to any weight, at the end
MOMENTUM = 0.9
GROUPS = 20

poisson, squares = gluon.loss.PoissonNLLLoss(), gluon.loss.L2Loss()


def predictors(data):
    """What the score is a weighted sum of: a name and a column each."""
    share, age = data["coinsurance"], data["age"]
    plan = np.where(data["deductible"] == 1, "deductible", share.astype(int).astype(str))
    columns = {
        "pays 25 %": plan == "25",  # compared with care for nothing
        "pays 50 %": plan == "50",
        "pays 95 %": plan == "95",
        "pays a deductible": plan == "deductible",
        "female": data["female"],
        "age 0 to 5": age < 6,  # compared with 18 to 39
        "age 6 to 17": (6 <= age) & (age < 18),
        "age 40 and over": age >= 40,
        "chronic diseases, + 10": data["chronic"] / 10,
        "physical limitation": data["limited"],
        "health fair or poor": data["health"] >= 3,
    }
    return list(columns), np.stack(list(columns.values()), axis=1).astype(float)


def column(values):
    """As the network's scores: one per row."""
    return nd.array(values.reshape(-1, 1), dtype="float64")


def fit(name, cost, rate, columns, args, bar):
    """The weights, intercept first, for which the mean cost is smallest; its slope there."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    # All columns alike in size, so that one step length suits all weights.
    x = nd.array((columns - mean) / spread, dtype="float64")
    net = nn.Dense(1, in_units=columns.shape[1], dtype="float64")
    net.initialize(mx.init.Normal(0.1))
    trainer = gluon.Trainer(
        net.collect_params(), "sgd", {"learning_rate": rate, "momentum": MOMENTUM}
    )
    for epoch in range(1, args.epochs + 1):
        with autograd.record():
            L = cost(net(x)).mean()
        L.backward()
        slope = max(abs(p.grad().asnumpy()).max() for p in net.collect_params().values())
        if epoch == 1 or epoch % 100 == 0:
            bar.write(f"{name:<14}  {epoch:5}  {L.asscalar():10.6f}  {slope:14.1e}")
        trainer.step(1)  # the cost is a mean already
        bar.update()
    weights = net.weight.data().asnumpy()[0] / spread
    return np.append(net.bias.data().asscalar() - weights @ mean, weights), slope


def standard_errors(cost, curvature, columns, score, person):
    """Of the weights: the "sandwich", for which the loss's gradient of each row is needed.

    Counts vary more than Poisson's distribution has it, and one person's years are alike:
    errors that ignore both would be a quarter as large.
    """
    score = column(score)
    score.attach_grad()
    with autograd.record():
        L = cost(score).mean() * len(columns)
    L.backward()
    people = np.zeros((int(person.max()) + 1, columns.shape[1]))
    np.add.at(people, person.astype(int), score.grad.asnumpy() * columns)
    bread = np.linalg.inv((columns * curvature[:, None]).T @ columns)
    return np.sqrt(np.diag(bread @ people.T @ people @ bread))


def draw(names, results, rate, visits, path):
    """The factors of both losses; and how visits scatter, which says why one is surer."""
    figure = shared.figure(10.5, 5)
    figure.suptitle("Visits to a doctor: what changes their rate, with losses from mxloss")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])

    styles = {"PoissonNLLLoss": (shared.BLUE, "o", 0.15), "L2Loss": (shared.RED, "s", -0.15)}
    for loss, (color, marker, shift) in styles.items():
        weights, errors = results[loss]
        low, middle, high = np.exp(weights[1:] + np.array([[-1.96], [0], [1.96]]) * errors[1:])
        left.errorbar(
            middle,
            np.arange(len(names))[::-1] + shift,
            xerr=[middle - low, high - middle],
            fmt=marker,
            color=color,
            label=loss,
        )
    left.axvline(1, color="gray", ls="--")
    shared.logarithmic(left.xaxis)
    left.xaxis.set_major_locator(FixedLocator([0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.4, 1.6]))
    left.set_yticks(range(len(names))[::-1], names)
    left.set(title="Factor on the rate, 95 % interval", xlabel="factor (log scale)")

    groups = np.array_split(np.argsort(rate, kind="stable"), GROUPS)
    means = np.array([rate[group].mean() for group in groups])
    variances = [((visits - rate)[group] ** 2).mean() for group in groups]
    excess = ((visits - rate) ** 2).sum() / rate.sum()
    right.plot(means, variances, "o", color="black", label="a twentieth of the rows each")
    right.plot(means, excess * means, color=shared.BLUE, label="PoissonNLLLoss: as the rate")
    constant = ((visits - rate) ** 2).mean()
    right.axhline(constant, color=shared.RED, ls="--", label="L2Loss: the same for all")
    shared.logarithmic(right.xaxis)
    shared.logarithmic(right.yaxis)
    right.set(title="Scatter, and what losses expect", xlabel="fitted visits a year (log scale)")
    right.set_ylabel("mean squared difference (log scale)")
    for panel in (left, right):
        panel.grid(alpha=0.3)
        panel.legend()
    shared.save(figure, path)


def main(argv=None):
    """Fit, report, draw; return each loss's weights and errors, the deviance, the steepest slope."""
    args = shared.arguments(__doc__, argv, epochs=400, picture="counts.png")
    mx.random.seed(args.seed)
    data = np.genfromtxt(DATA, delimiter=",", names=True)
    names, columns = predictors(data)
    visits, log_years = column(data["visits"]), column(np.log(data["years"]))
    # What a score costs, the length of steps, and the second derivative of the cost.
    # With squares this is larger by far where rates are high: PoissonNLLLoss's steps would diverge.
    models = {
        "PoissonNLLLoss": (
            lambda score: poisson(score + log_years, visits),
            0.1,
            lambda rate: rate,
        ),
        "L2Loss": (
            lambda score: squares(nd.exp(score + log_years), visits),
            0.01,
            lambda rate: rate * (2 * rate - data["visits"]),
        ),
    }

    people, total = len(np.unique(data["person"])), int(data["visits"].sum())
    print(f"{len(columns)} person-years of {people} people, {total} visits")
    print("loss            epoch   mean loss  steepest slope")
    bar = shared.progress(args.epochs * len(models))
    with_one = np.insert(columns, 0, 1, axis=1)
    results, slopes, rates = {}, {}, {}
    for loss, (cost, step, curvature) in models.items():
        weights, slopes[loss] = fit(loss, cost, step, columns, args, bar)
        score = with_one @ weights
        rates[loss] = np.exp(score) * data["years"]
        errors = standard_errors(cost, curvature(rates[loss]), with_one, score, data["person"])
        results[loss] = weights, errors
    bar.close()

    print("factor on the rate      PoissonNLLLoss           L2Loss          rows L2Loss needs")
    for i, name in enumerate(names, 1):
        cells = []
        for weights, errors in results.values():
            low, middle, high = np.exp(weights[i] + np.array([-1.96, 0, 1.96]) * errors[i])
            cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f})")
        more = (results["L2Loss"][1][i] / results["PoissonNLLLoss"][1][i]) ** 2
        print(f"{name:<22}  {cells[0]:<20}  {cells[1]:<20}  {more:5.1f} times as many")
    # Twice the distance from the rates that would fit best, each row's own count.
    best = gluon.loss.PoissonNLLLoss(from_logits=False)(visits, visits)
    fitted = models["PoissonNLLLoss"][0](column(with_one @ results["PoissonNLLLoss"][0]))
    deviance = 2 * len(columns) * (fitted - best).asscalar()
    print(f"deviance of the fit by PoissonNLLLoss: {deviance:.2f}")
    draw(names, results, rates["PoissonNLLLoss"], data["visits"], args.picture)
    return results, deviance, max(slopes.values())


if __name__ == "__main__":
    *_, slope = main()
    if slope > REQUIRED_SLOPE:
        sys.exit(f"not at the minimum: slope {slope:.1e}, {REQUIRED_SLOPE:.0e} allowed")
