"""Reading recipes: every mistake is told in words."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from terrakin.errors import RecipeError, UnknownNameError
from terrakin.training.augment import Augmentation
from terrakin.training.reading import parse, read_recipe, read_text
from terrakin.training.recipe import Backbone, Data, Export, Recipe, Teacher, trains

Make = Callable[..., Recipe]


def test_a_recipe_is_read(distilling: Make) -> None:
    recipe = distilling("data.left_out=['sea']", "backbone.freeze=['stem']", "teacher.0.views=4")
    assert (recipe.name, recipe.words) == ("tiny", "Two convolutions, for tests.")
    assert recipe.data == Data(16, 24, 0.25, ("sea",), Augmentation(turns=True, gain=0.1))
    assert recipe.backbone == Backbone("tiny", {}, ("stem",))
    assert (recipe.head.name, recipe.head.options) == ("projection", {"parts": (8,)})
    assert [loss.name for loss in recipe.losses] == ["normalised-softmax", "distillation"]
    assert (recipe.losses[1].weight, recipe.losses[1].part, recipe.losses[1].teacher) == (0.5, 0, 0)
    assert recipe.teachers == (Teacher("none", size=8, views=4),)
    assert (recipe.sampler.name, recipe.sampler.options) == ("shuffled", {"batch": 6})
    assert (recipe.schedule.name, recipe.schedule.epochs, recipe.schedule.precision) == ("cosine", 3, "float32")
    assert recipe.export == Export("tiny-trained", size=16)


def test_what_is_left_out_has_its_default(tiny_recipe: Path) -> None:
    tables = tomllib.loads(tiny_recipe.read_text())
    del tables["data"], tables["sampler"]
    recipe = parse(tables, where="x")
    assert recipe.data == Data()
    assert (recipe.sampler.name, recipe.sampler.options) == ("shuffled", {"batch": 64})
    assert recipe.teachers == ()
    assert recipe.frontend is None


def test_a_front_end_is_for_images_of_one_size(recipe: Make) -> None:
    read = recipe("frontend={name='jsst', spectral='gamma'}")
    assert (read.frontend.name, read.frontend.options) == ("jsst", {"spectral": "gamma"})
    words = r"\[frontend\] jsst is for images of one size, and \[data\] size is {}, \[export\] size {}; make them equal"
    for size, export in (("16", "24"), ("[16, 24]", "24")):
        with pytest.raises(RecipeError, match=words.format(size.strip("[]"), export)):
            recipe(f"data.size={size}", f"export.size={export}", "frontend.name=jsst")


def test_a_front_end_is_part_of_what_trains(recipe: Make) -> None:
    assert "frontend" not in trains(recipe())
    assert '[frontend]\nname = "jsst"' in trains(recipe("frontend.name=jsst"))


def test_its_source_is_the_recipe_with_changes(recipe: Make) -> None:
    changed = recipe("schedule.epochs=7", "export.licence=MIT")
    again = parse(tomllib.loads(changed.source), where="x")
    assert again == changed
    assert again.schedule.epochs == 7


WRONG: list[tuple[str, str]] = [
    # Tables, names and options that do not exist, with the nearest.
    ("dta.size=8", r"has no table 'dta'; did you mean 'data'\? there are name, words, data, "),
    ("data.sise=8", r"\[data\] has no option 'sise'; did you mean 'size'\? there are size, stored"),
    ("data.augmentation.turn=true", r"\[data\.augmentation\] has no option 'turn'; did you mean 'turns'\?"),
    ("backbone.frez=['stem']", r"\[backbone\] tiny has no option 'frez'; did you mean 'freeze'\?"),
    ("backbone.bands=4", r"\[backbone\] tiny has no option 'bands'; there are freeze, pretrained, width"),
    ("backbone.name=resnet43", r"\[backbone\]: no backbones named 'resnet43'; did you mean 'resnet34'\?"),
    ("frontend.name=jst", r"\[frontend\]: no frontends named 'jst'; did you mean 'jsst'\?"),
    ("frontend={name='jsst', spacial='tps'}", r"\[frontend\] jsst has no option 'spacial'; did you mean 'spatial'\?"),
    ("frontend={name='jsst', size=16}", r"\[frontend\] jsst has no option 'size'; there are spatial, spectral, order"),
    ("frontend={name='jsst', order='spat+spek'}", r"\[frontend\] order is .*, got 'spat\+spek'; did you mean 'spat\+spec'\?"),
    ("frontend={padding='zeros'}", r"\[frontend\] lacks a name; there are jsst, spatial, spectral"),
    ("frontend=jsst", r"\[frontend\] is a table, got 'jsst'"),
    ("head.name=projektion", r"\[head\]: no heads named 'projektion'; did you mean 'projection'\?"),
    ("head.part=[8]", r"\[head\] projection has no option 'part'; did you mean 'parts'\?"),
    ("sampler.name=shufled", r"\[sampler\]: no samplers named 'shufled'; did you mean 'shuffled'\?"),
    ("sampler.size=8", r"\[sampler\] shuffled has no option 'size'; there are batch"),
    ("loss.0.name=tripplet", r"\[\[loss\]\] 0: no losses named 'tripplet'; did you mean 'triplet'\?"),
    ("loss.1.gramm=1", r"\[\[loss\]\] 1 distillation has no option 'gramm'; did you mean 'gram'\?"),
    ("teacher.0.sice=8", r"\[\[teacher\]\] 0 has no option 'sice'; did you mean 'size'\?"),
    ("optimizer.name=adamv", r"\[optimizer\]: no optimizers named 'adamv'; did you mean 'adam'\?"),
    ("optimizer.lerning_rate=1", r"\[optimizer\] sgd has no option 'lerning_rate'; did you mean 'learning_rate'\?"),
    ("schedule.name=cosin", r"\[schedule\]: no schedules named 'cosin'; did you mean 'cosine'\?"),
    ("schedule.after=[1]", r"\[schedule\] cosine has no option 'after'; there are epochs, average, precision, warmup, last"),
    ("export.licens=MIT", r"\[export\] has no option 'licens'; did you mean 'licence'\?"),
    # Values of another type.
    ("name=3", r": name is text, got 3"),
    ("words=true", r": words is text, got True"),
    ("data=3", r"\[data\] is a table, got 3"),
    ("data.size=1.5", r"\[data\] size is a whole number or a list, each a whole number, got 1\.5"),
    ("data.size=true", r"\[data\] size is a whole number or a list, each a whole number, got True"),
    ("data.validation=much", r"\[data\] validation is a number, got 'much'"),
    ("data.validation=nan", r"\[data\] validation is a finite number, got nan"),
    ("data.left_out=sea", r"\[data\] left_out is a list, each text, got 'sea'"),
    ("data.left_out=['a', 3]", r"\[data\] left_out\[1\] is text, got 3"),
    ("data.augmentation=1", r"\[data\.augmentation\] is a table, got 1"),
    ("data.augmentation.crop=[0.5]", r"\[data\.augmentation\] crop holds 2 values, got 1"),
    ("data.augmentation.crop=0.5", r"\[data\.augmentation\] crop is a list, each a number, got 0\.5"),
    ("data.augmentation.turns=1", r"\[data\.augmentation\] turns is true or false, got 1"),
    ("backbone.name=3", r"\[backbone\] name is text, got 3"),
    ("backbone.width=wide", r"\[backbone\] width is a whole number, got 'wide'"),
    ("head.parts=['a']", r"\[head\] parts\[0\] is a whole number, got 'a'"),
    ("head.pool=gemm", r"\[head\] pool is 'gap' or 'gem', got 'gemm'; did you mean 'gem'\?"),
    ("loss.1.part=x", r"\[\[loss\]\] 1 part is a whole number, got 'x'"),
    ("loss=3", r": loss is a list of tables, written \[\[\.\.\.\]\], got 3"),
    ("loss=[3]", r"\[\[loss\]\] 0 is a table, got 3"),
    ("teacher=['x']", r"\[\[teacher\]\] 0 is a table, got 'x'"),
    ("teacher.0.views=3", r"\[\[teacher\]\] 0 views is 1 or 2 or 4 or 8, got 3"),
    ("teacher.0.views=true", r"\[\[teacher\]\] 0 views is 1 or 2 or 4 or 8, got True"),
    ("schedule.precision=bf61", r"\[schedule\] precision is 'auto' or 'float32' or 'bf16', got 'bf61'; did you mean 'bf16'\?"),
    ("export.weights=4", r"\[export\] weights is 'float32' or 'int8', got 4"),
    ("export.whiten=no", r"\[export\] whiten is a number, got 'no'"),
    ("optimizer.learning_rate=inf", r"\[optimizer\] learning_rate is a finite number, got inf"),
    # Keys that are missing.
    ("head={parts=[8]}", r"\[head\] lacks a name; there are cbp, fc, "),
    ("sampler={name='balanced'}", r"\[sampler\] balanced lacks 'batch'"),
    ("teacher.0={size=8}", r"'teacher\.0=.*': name a key of one of the 1, such as teacher\.0\.weight"),
    ("teacher=[{size=8}]", r"\[\[teacher\]\] 0 lacks 'bundle'"),
    ("export={size=16}", r"\[export\] lacks 'name'"),
    ("loss=[]", r" has no loss; write one as \[\[loss\]\]"),
    # What no single table can know.
    ("loss.0.teacher=0", r"\[\[loss\]\] 0: normalised-softmax has no teacher; take teacher = 0 out"),
    ("loss=[{name='distillation'}]", r"\[\[loss\]\] 0: distillation learns from a teacher; say which with teacher = 0"),
    ("loss.1.teacher=1", r"\[\[loss\]\] 1: there is no \[\[teacher\]\] 1; the recipe has 1"),
    ("loss.1.teacher=-1", r"\[\[loss\]\] 1: there is no \[\[teacher\]\] -1; the recipe has 1"),
    # Values out of range.
    ("data.size=7", r"\[data\] size is 8 to 2048, got 7"),
    ("data.size=[16, 4]", r"\[data\] size is 8 to 2048, got 4"),
    ("data.size=[]", r"\[data\] size is one side or more, got none"),
    ("data.stored=4096", r"\[data\] stored is 8 to 2048, got 4096"),
    ("data.validation=1.0", r"\[data\] validation is a share from 0 to below 1, got 1\.0"),
    ("data.validation=-0.1", r"\[data\] validation is a share from 0 to below 1, got -0\.1"),
    ("data.augmentation.gain=2", r"\[data\.augmentation\]: gain is at least 0 and below 1, got 2\.0"),
    ("teacher.0.size=0", r"\[\[teacher\]\] 0 size is 1 to 65536, got 0"),
    ("teacher.0.pixels=7", r"\[\[teacher\]\] 0 pixels is 8 to 8192, got 7"),
    ("teacher.0.pixels=8193", r"\[\[teacher\]\] 0 pixels is 8 to 8192, got 8193"),
    ("loss.1.weight=0", r"\[\[loss\]\] 1 weight is above 0, got 0\.0; take the loss out instead"),
    ("loss.0.weight=-1", r"\[\[loss\]\] 0 weight is above 0, got -1\.0"),
    ("loss.0.weight=inf", r"\[\[loss\]\] 0 weight is a finite number, got inf"),
    ("schedule.warmup=-0.5", r"\[schedule\] warmup is 0 to 3, got -0\.5"),
    ("schedule.warmup=3.5", r"\[schedule\] warmup is 0 to 3, got 3\.5"),
    ("teacher.0.whiten=-1", r"\[\[teacher\]\] 0 whiten is a shrinkage of 0 or more, got -1\.0"),
    ("schedule.epochs=0", r"\[schedule\] epochs is 1 to 1000000, got 0"),
    ("schedule.average=1", r"\[schedule\] average is from 0 to below 1, got 1\.0"),
    ("export.size=9000", r"\[export\] size is 8 to 8192, got 9000"),
    ("export.whiten=-0.5", r"\[export\] whiten is a shrinkage of 0 or more, got -0\.5"),
    ("export={name='x', space='hamming', pooled=true}", r"\[export\] space hamming takes the signs of the head's values"),
    ("export={name='x', space='hamming', whiten=1}", r"which neither pooled nor whiten leaves as they are; take these out"),
    (
        "export={name='x', space='hamming', reducer='pca:8'}",
        r"reducer pca:8 gives embeddings that compare by cosine, not by hamm",
    ),
    ("export.reducer=pca", r"\[export\] reducer: a reducer is pca:SIZE or pca-whitened:SIZE, such as pca:64, got 'pca'"),
    # Changes that are written wrongly.
    ("schedule.epochs", r"a change is table\.key=value, such as schedule\.epochs=5, got 'schedule\.epochs'"),
    ("=5", r"a change is table\.key=value, .* got '=5'"),
    ("", r"a change is table\.key=value, .* got ''"),
    ("schedule..epochs=5", r"a change is table\.key=value, .* got 'schedule\.\.epochs=5'"),
    (".epochs=5", r"a change is table\.key=value"),
    (
        "schedule.epochs=5\nname = 'x'",
        r"a change is one line; write a new line inside of quoted text as \\n, got \"schedule\.epochs=5",
    ),
    ("export.notes=one\ntwo", r"a change is one line"),
    ("export.notes=one\r\ntwo", r"a change is one line"),
    ("name.x=5", r"'name\.x=5': name is a value, not a table"),
    ("data.size.x=5", r"'data\.size\.x=5': data\.size is a value, not a table"),
    ("loss.weight=5", r"'loss\.weight=5': name a key of one of the 2, such as loss\.0\.weight"),
    ("loss.2.weight=5", r"'loss\.2\.weight=5': loss has 2 members, numbered from 0"),
    ("loss.-1.weight=5", r"'loss\.-1\.weight=5': loss has 2 members, numbered from 0"),
    ("loss.².weight=5", r"loss has 2 members, numbered from 0"),
    ("loss.first.weight=5", r"loss has 2 members, numbered from 0"),
    ("loss.1=5", r"'loss\.1=5': name a key of one of the 2, such as loss\.1\.weight"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_mistake_is_told(distilling: Make, change: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words) as caught:
        distilling(change)
    assert "distilling.toml" in str(caught.value) or repr(change) in str(caught.value)


@pytest.mark.parametrize("key", ["name", "words", "backbone", "head", "loss", "optimizer", "schedule", "export"])
def test_what_every_recipe_has(tiny_recipe: Path, key: str) -> None:
    tables = tomllib.loads(tiny_recipe.read_text())
    del tables[key]
    with pytest.raises(RecipeError, match=f"mine lacks '{key}'; a recipe has name, words, data, "):
        parse(tables, where="mine")


def tables_of(tables: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table with its dotted name."""
    yield "", tables
    for name, value in tables.items():
        inside = value if isinstance(value, list) else [value]
        for number, table in enumerate(inside):
            if isinstance(table, dict):
                here = f"{name}.{number}" if isinstance(value, list) else name
                yield from ((f"{here}.{inner}".rstrip("."), one) for inner, one in tables_of(table))


def test_no_table_takes_a_key_that_it_does_not_know(distilling: Make) -> None:
    tables = tomllib.loads(distilling().source)
    names = [name for name, _ in tables_of(tables)]
    assert len(names) == 12
    for name in names:
        wrong = tomllib.loads(distilling().source)
        dict(tables_of(wrong))[name]["zzz"] = 1
        with pytest.raises(RecipeError, match=r"has no (table|option) 'zzz'; there are "):
            parse(wrong, where="x")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cannot read the recipe .*nope\.toml: .*No such file"):
        read_recipe(tmp_path / "nope.toml")
    with pytest.raises(RecipeError, match=r"cannot read the recipe nope\.toml: "):
        read_recipe("nope.toml")
    for name, content, words in (
        ("broken", b"name = ", "Invalid value"),
        ("latin", b'words = "\xe9"', "utf-8"),
        ("deep", b"x = " + b"[" * 10_000, "recursion"),
        ("twice", b"name = 1\nname = 2", "overwrite"),
    ):
        (tmp_path / f"{name}.toml").write_bytes(content)
        with pytest.raises(RecipeError, match=rf"cannot read the recipe .*{name}\.toml: .*{words}"):
            read_recipe(tmp_path / f"{name}.toml")
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        read_recipe(tmp_path)


def test_a_name_that_is_not_shipped() -> None:
    words = r"no recipes named 'mobilenetv2\.softmx'; did you mean 'mobilenetv2\.softmax'\? There are: .*mobilenetv2\.softmax"
    with pytest.raises(UnknownNameError, match=words):
        read_recipe("mobilenetv2.softmx")
    with pytest.raises(UnknownNameError, match=r"no recipes named 'qqq'\. There are: "):
        read_recipe("qqq")


def test_changes_are_read_as_toml_or_as_words(recipe: Make) -> None:
    assert recipe("export.licence=CC-BY-4.0").export.licence == "CC-BY-4.0"
    assert recipe("export.licence='MIT'", 'export.version="2"').export.version == "2"
    assert recipe("export.training_data=chips = of mine").export.training_data == "chips = of mine"
    assert recipe('export.notes="one\\ntwo"').export.notes == "one\ntwo"
    assert recipe(" data.size = 32 ").data.size == 32
    assert recipe("data.validation=0").data.validation == 0.0
    assert recipe("loss.0.weight=2").losses[0].weight == 2.0
    assert recipe('head={name="fc", hidden=5}').head.options == {"hidden": 5}
    assert recipe("data.left_out=['a', 'b']", "data.left_out=[]").data.left_out == ()


def test_a_text_is_read_as_a_file_is(tiny_recipe: Path) -> None:
    text = tiny_recipe.read_text()
    assert read_text(text, ["schedule.epochs=7"], where="x") == read_recipe(tiny_recipe, ["schedule.epochs=7"])
    with pytest.raises(RecipeError, match=r"cannot read the recipe a/pack/recipe\.toml: "):
        read_text("name = ", where="a/pack/recipe.toml")
    with pytest.raises(RecipeError, match=r"^recipe\.toml \[data\] has no option 'sise'"):
        read_text(text.replace("size", "sise", 1), where="a/pack/recipe.toml")
