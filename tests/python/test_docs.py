"""What the pages of the site show is what happens: programs in all languages, sessions, recipes."""

import ast
import doctest
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from builds import usual_build

import mxloss as mx

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs/_ext"))
import programs  # noqa: E402

PAGES = sorted(p for p in (ROOT / "docs").rglob("*.md") if p.name != "optdigits.LICENSE.md")


def blocks(page, language):
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", page.read_text(), re.M | re.S)


def name(page):
    return str(page.relative_to(ROOT / "docs"))


USES = {
    f"{name(page)}-{i}": programs.Use(text)
    for page in PAGES
    for i, text in enumerate(blocks(page, "{usage}"))
}


def numbers(text):
    return [float(x) for x in re.findall(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)", text)]


def check(use, printed, digits=5):
    """The numbers that a program printed are those of the loss, which other tests look after."""
    value, gradient = use.result()
    wanted = np.concatenate([value.ravel(), gradient.ravel()])
    np.testing.assert_allclose(numbers(printed), wanted, rtol=10.0**-digits, atol=2e-6)


def test_every_loss_is_used():
    assert {use.info.name for use in USES.values()} == set(mx._core.LOSSES)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("write", [programs.python, programs.gluon])
def test_python_programs(use, write, capsys):
    exec(write(use), {})
    check(use, capsys.readouterr().out)


@usual_build
def test_c_programs(tmp_path):
    """They compile without a warning, and print the same."""
    (library,) = {path.resolve() for path in ROOT.glob("build/cp*/libmxloss.so")}
    for i, use in enumerate(USES.values()):
        source, program = tmp_path / f"{i}.c", tmp_path / f"{i}"
        source.write_text(programs.c(use))
        flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include"]
        command = ["gcc", *flags, source, library, f"-Wl,-rpath,{library.parent}", "-o", program]
        subprocess.run(command, check=True)
        ran = subprocess.run([program], check=True, capture_output=True, text=True)
        check(use, ran.stdout)


def run_perl(path, *blocks):
    """What each block prints, all of them run by one perl."""
    parts = [f"{{ {text}\n}}\nprint qq(\\n-- next --\\n);\n" for text in blocks]
    path.write_text("use strict; use warnings FATAL => 'all';\n" + "".join(parts))
    command = [ROOT / ".ci/perl", "run", path]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0 and not ran.stderr, ran.stderr
    return ran.stdout.split("\n", 1)[1].split("-- next --")[:-1]  # the first line says it builds


@usual_build
def test_perl_programs(tmp_path):
    printed = run_perl(tmp_path / "all.pl", *map(programs.perl, USES.values()))
    assert len(printed) == len(USES)
    for use, text in zip(USES.values(), printed):
        check(use, text, digits=4)


@usual_build
def test_perl_pages(tmp_path):
    """README's lines; perl.md's loop learns, its call of the core computes Huber."""
    (readme,) = blocks(ROOT / "README.md", "perl")
    given = "my ($scores, $labels, $value) = map { mx->nd->array($_) } "
    given += "[[2, 0, 0], [0, 1, 0]], [0, 2];"
    readme = readme.replace("\n", f"\n{given}\n", 1) + "print $value->aspdl;"
    loop, core = blocks(ROOT / "docs/perl.md", "perl")
    before = "use AI::MXLoss qw(mx); mx->random->seed(1);"
    before += "my $x = mx->nd->random->normal(shape => [60, 4]); my $y = $x->argmax(axis => 1) < 2;"
    pdl = "my ($pred, $label) = (PDL->pdl(PDL::float(), 0, 3), PDL->pdl(PDL::float(), 0.25, 0));"
    core = core.replace("my $huber", f"{pdl}\nmy $huber") + "print $value, $gradient;"
    value, losses, huber = run_perl(tmp_path / "page.pl", readme, f"{before}\n{loop}", core)
    np.testing.assert_allclose(numbers(value), [0.23954476, 1.5514448], rtol=1e-4)
    losses = numbers(losses)[1::2]
    assert len(losses) == 20 and losses[-1] < 0.9 * losses[0]
    np.testing.assert_allclose(numbers(huber), [0.0625, 2.75, -0.5, 1])


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text()], ids=name)
def test_sessions(page):
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0 and result.attempted > 0


def test_plain_python_blocks(tmp_path):
    """Those that are neither a session nor a recipe: they run, each in a process of its own."""
    ran = 0
    for page in PAGES:
        if page.parent.name == "losses":
            continue
        for block in blocks(page, "python"):
            if ">>>" not in block:
                command = [sys.executable, "-W", "error", "-c", block]
                subprocess.run(command, check=True, cwd=tmp_path)
                ran += 1
    assert ran > 0


def test_recipes_name_losses():
    """Every recipe says which loss it equals; make docs-recipes runs them."""
    found = {}
    for page in PAGES:
        if page.parent.name != "losses" or page.name == "index.md":
            continue
        tabs = re.findall(r":sync: (\w+)\n```python\n(.*?)^```", page.read_text(), re.M | re.S)
        assert [library for library, _ in tabs] == ["PyTorch", "optax", "Keras"], page
        for library, code in tabs:
            functions = [f for f in ast.parse(code).body if isinstance(f, ast.FunctionDef)]
            said = re.findall(r"^# (\w+\(.*?\)).*\ndef ", code, re.M)
            assert len(said) == len(functions) > 0, (page, library)
            for constructor in said:
                loss = eval(constructor, vars(mx.gluon.loss))
                assert f"# {type(loss).__name__}" == page.read_text().split("\n")[0]
                found[library] = found.get(library, 0) + 1
    assert min(found.values()) >= 14
