"""What tools write into the pages is what they would write now."""

import doctest
from pathlib import Path

import pytest

TOOLS = ("write_benchmark_page", "write_console_output")
"""Scripts with examples in their docstrings."""


def test_the_reference_of_the_command_line_is_fresh(root, tool) -> None:
    assert (root / "docs/cli.md").read_text(encoding="utf-8") == tool("write_cli_reference").page(), (
        "mend docs/cli.md with: python tools/write_cli_reference.py"
    )


def test_tables_are_fresh(tool) -> None:
    tables = tool("write_tables")
    for page in tables.pages():
        text = page.read_text(encoding="utf-8")
        assert text == tables.filled(text), f"mend docs/{page.name} with: python tools/write_tables.py"


def test_every_table_stands_on_a_page(tool, written) -> None:
    for name in tool("write_tables").TABLES:
        assert f"<!-- table: {name} -->" in written


def test_an_unknown_table_is_refused(tool) -> None:
    with pytest.raises(KeyError, match="measurs"):
        tool("write_tables").filled("<!-- table: measurs -->\n<!-- end -->")


def test_figures_of_benchmarks_are_fresh(tool) -> None:
    benchmarks = tool("write_benchmark_page")
    results: Path = benchmarks.RESULTS
    text = benchmarks.PAGE.read_text(encoding="utf-8")
    measured = results.read_text(encoding="utf-8") if results.exists() else None
    assert text == benchmarks.filled(text, measured), "mend it with: python tools/write_benchmark_page.py"


def test_output_that_differs_is_told_from_output_that_changes_every_time(tool) -> None:
    same = tool("write_console_output").same
    assert same("chips: 96 added in 3.0 s (32/s)\n", "chips: 96 added in 12.5 s (7/s)\n")
    assert not same("chips: 96 added in 3.0 s (32/s)\n", "chips: 95 added in 3.0 s (32/s)\n")
    assert same("1  0.2267  a.tif\n", "1  0.2268  a.tif\n")
    assert not same("1  0.2267  a.tif\n", "1  0.2667  a.tif\n")
    assert same("first\n...\nlast\n", "first\nmore\nlast\n")
    assert not same("first\n...\nlast\n", "first\nmore\n")
    assert not same("", "something\n")


def test_a_page_is_refreshed_where_its_output_differs(tool, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    console = tool("write_console_output")
    page = "```console\n$ terrakin info \\\n    none\nold\n$ terrakin --version\n...\n```\n"
    fresh = console.refreshed(page)
    assert "old" not in fresh
    assert "    none\nterrakin: there is no archive at 'none'" in fresh
    assert "$ terrakin --version\n...\n```\n" in fresh


def test_only_commands_of_this_program_are_run(tool) -> None:
    with pytest.raises(ValueError, match=r"only commands of terrakin are run, got 'rm -r \.'"):
        tool("write_console_output").output_of("rm -r .")


@pytest.mark.parametrize("name", TOOLS)
def test_examples_in_docstrings_of_tools_run(name, tool) -> None:
    outcome = doctest.testmod(tool(name), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted
    assert outcome.failed == 0
