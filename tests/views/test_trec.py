import io
from urllib.parse import unquote

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import TerrakinError
from terrakin.views.trec import qrels_lines, run_lines, trec_id, write_files

RANKINGS = [("q 1", [("a.tif", 0.0), ("b c.tif", 0.25), ("d.tif", 0.25)]), ("q2", [("a.tif", 1.5)])]
RELEVANCE = [("q 1", {"a.tif": 1, "d.tif": 0}), ("q2", {"b c.tif": 2})]


def test_files_are_written_to_the_letter(tmp_path):
    judged = [(query, hits, dict(RELEVANCE)[query]) for query, hits in RANKINGS]
    assert write_files(tmp_path, iter(judged), name="my run") == 2
    assert (tmp_path / "run.txt").read_bytes() == (
        b"q%201 Q0 a.tif 1 0.0 my%20run\n"
        b"q%201 Q0 b%20c.tif 2 -0.25 my%20run\n"
        b"q%201 Q0 d.tif 3 -0.25 my%20run\n"
        b"q2 Q0 a.tif 1 -1.5 my%20run\n"
    )
    assert (tmp_path / "qrels.txt").read_bytes() == b"q%201 0 a.tif 1\nq%201 0 d.tif 0\nq2 0 b%20c.tif 2\n"


def test_another_tool_reads_them():
    run = list(ir_measures.read_trec_run(io.StringIO("\n".join(run_lines(RANKINGS, name="r")))))
    qrels = list(ir_measures.read_trec_qrels(io.StringIO("\n".join(qrels_lines(RELEVANCE)))))
    assert [(unquote(r.query_id), unquote(r.doc_id), r.score) for r in run] == [
        (query, chip, -distance) for query, hits in RANKINGS for chip, distance in hits
    ]
    assert qrels[2].relevance == 2


@given(st.text(min_size=1).filter(lambda text: text.isprintable() or text.isascii()))
def test_an_id_is_one_word_and_comes_back(text):
    word = trec_id(text)
    assert word.split() == [word]
    assert word.isascii()
    assert unquote(word) == text


def test_an_empty_id_is_refused():
    with pytest.raises(ValueError, match="at least one character"):
        trec_id("")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(TerrakinError, match="there is no folder"):
        write_files(tmp_path / "no", [], name="r")
