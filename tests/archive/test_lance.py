"""The Lance store beyond the contract: reopening, readers, damage, a full disk, the index above the stated size."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from terrakin.archive.condition import Compare
from terrakin.archive.lance import LanceStore
from terrakin.archive.schema import CODE, VECTOR, chips_schema
from terrakin.errors import ArchiveError, ArchiveFullError, ArchiveNotFoundError
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

SPACE = Space("cosine", 8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "chips.lance"


def chips(names: list[str], *, space: Space = SPACE, seed: int = 0) -> pa.Table:
    schema, n = chips_schema(space), len(names)
    vectors = pack(space, np.random.default_rng(seed).normal(size=(n, space.size * space.codes)))
    given = {
        "id": names,
        "scene": [name.partition("#")[0] for name in names],
        "fingerprint": ["f"] * n,
        "labels": [[]] * n,
        "valid_share": [1.0] * n,
    } | {name: [0] * n for name in ("col", "row", "width", "height")}
    columns = {field.name: pa.array(given.get(field.name, [None] * n), field.type) for field in schema if field.name != VECTOR}
    columns[VECTOR] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), space.width)
    return pa.table({name: columns[name] for name in schema.names}).append_column(
        "property:number", pa.array([float(row) for row in range(n)])
    )


def query(space: Space = SPACE, seed: int = 9) -> np.ndarray:
    return pack(space, np.random.default_rng(seed).normal(size=(1, space.size * space.codes)))[0]


def test_a_store_is_reopened_as_it_was_left(path: Path) -> None:
    store = LanceStore(path, SPACE)
    store.append(chips([f"s#{n}" for n in range(30)]))
    store.delete(Compare("id", "=", "s#3"))
    again = LanceStore(path, SPACE)
    assert again.count() == 29
    assert again.columns() == store.columns()
    assert again.search(query(), k=9)[0] == store.search(query(), k=9)[0]
    with pytest.raises(ArchiveError, match=r"holds a chip 's#4' already"):
        again.append(chips(["s#4"]))


def test_a_reader_sees_what_was_written_when_it_asks(path: Path) -> None:
    writer = LanceStore(path, SPACE)
    writer.append(chips(["a", "b"]))
    reader = LanceStore(path, SPACE)
    before = reader.checkpoint()
    assert reader.search(query(), k=5)[0] in (["a", "b"], ["b", "a"])
    writer.append(chips(["c"], seed=1))
    assert reader.count() == 2
    assert reader.checkpoint() > before
    assert reader.count() == 3
    assert sorted(reader.search(query(), k=5)[0]) == ["a", "b", "c"]
    assert reader.take(["c"], ["id"]).num_rows == 1


def test_compacting_does_not_disturb_a_reader_of_the_version_before(path: Path) -> None:
    writer = LanceStore(path, SPACE)
    for part in range(4):
        writer.append(chips([f"{part}#{n}" for n in range(5)], seed=part))
    reader = LanceStore(path, SPACE)
    writer.delete(Compare("scene", "=", "0"))
    writer.compact()
    assert reader.count() == 20
    assert len(reader.search(query(), k=20)[0]) == 20
    assert reader.take(["0#1"], ["scene"])["scene"].to_pylist() == ["0"]


def test_two_handles_that_write_in_turn_keep_ids_unique(path: Path) -> None:
    one, two = LanceStore(path, SPACE), LanceStore(path, SPACE)
    one.append(chips(["a"]))
    two.append(chips(["b"]))
    with pytest.raises(ArchiveError, match="holds a chip 'b' already"):
        one.append(chips(["b"]))
    assert two.delete(Compare("id", "=", "a")) == 1
    one.append(chips(["a"]))
    assert two.checkpoint() == one.checkpoint()
    assert two.count() == 2


def test_a_table_of_other_vectors_is_refused(path: Path) -> None:
    LanceStore(path, SPACE)
    with pytest.raises(ArchiveError, match=r"holds vectors of fixed_size_list<item: float>\[8\]; this model's are .*\[16\]"):
        LanceStore(path, Space("l2", 16))


def test_a_folder_without_a_commit_is_no_table(path: Path) -> None:
    for part in ("data", "_versions"):
        (path / part).mkdir(parents=True)
    (path / "data" / "half.lance").write_bytes(b"half")
    LanceStore(path, SPACE).append(chips(["a"]))
    assert LanceStore(path, SPACE).count() == 1


def test_a_damaged_table_is_said_to_be_so(path: Path) -> None:
    LanceStore(path, SPACE).append(chips(["a"]))
    for file in (path / "data").iterdir():
        file.write_bytes(b"not lance")
    with pytest.raises(ArchiveError, match="cannot be read or written: "):
        LanceStore(path, SPACE).search(query(), k=1)


def test_a_table_that_vanishes_is_not_found(path: Path) -> None:
    store = LanceStore(path, SPACE)
    store.append(chips(["a"]))
    path.rename(path.with_name("moved"))
    with pytest.raises(ArchiveNotFoundError, match="no archive at"):
        store.checkpoint()


def test_a_full_disk_adds_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lance

    def full(*_given: object, **_options: object) -> None:
        raise OSError("LanceError(IO): Generic LocalFileSystem error: No space left on device (os error 28)")

    store = LanceStore(path, SPACE)
    store.append(chips(["a"]))
    with monkeypatch.context() as patch:
        patch.setattr(lance, "write_dataset", full)
        with pytest.raises(ArchiveFullError, match=r"disk that holds .* is full; free some space"):
            store.append(chips(["b"]))
    assert store.count() == 1
    store.append(chips(["b"]))
    assert store.count() == 2


# Above the stated size.


@pytest.mark.parametrize("kind", ["cosine", "pearson", "l2"])
def test_above_the_size_search_reads_from_disk_and_then_uses_the_index(path: Path, kind: str) -> None:
    space = Space(kind, 32)
    exact = LanceStore(path, space)
    exact.append(chips([f"s{n % 10}#{n}" for n in range(3000)], space=space))
    large = LanceStore(path, space, exact_bytes=0)
    asked, few = query(space), Compare("property:number", "<", 20.0)
    many = Compare("scene", "=", "s3")
    for where in (None, few, many):
        ids, near = large.search(asked, k=7, where=where)
        true_ids, true_near = exact.search(asked, k=7, where=where)
        assert (ids, near.tolist()) == (true_ids, true_near.tolist())
    assert large.recall() is None

    measured = large.build_index(k=5, queries=40, rng=np.random.default_rng(0))
    assert large.recall() == measured
    assert (measured.k, measured.queries, measured.chips) == (5, 40, 3000)
    assert 0.9 < measured.value <= 1
    assert exact.recall() is None  # it still searches exhaustively
    assert LanceStore(path, space, exact_bytes=0).recall() == measured
    ids, near = large.search(asked, k=7, where=many)
    assert len(set(ids) & set(exact.search(asked, k=7, where=many)[0])) >= 5
    assert near.tolist() == sorted(near.tolist())
    assert large.search(asked, k=7, where=few)[0] == exact.search(asked, k=7, where=few)[0]

    # Chips that came later are found without building anew, before and after compacting.
    late = chips(["late"], space=space, seed=77)
    large.append(late)
    wanted = np.asarray(late[VECTOR][0].values.to_numpy())
    assert large.search(wanted, k=1)[0] == ["late"]
    large.compact()
    assert large.search(wanted, k=1)[0] == ["late"]
    assert large.search(wanted, k=1)[1].tolist() == [0]


def test_the_index_gives_exact_distances_and_ties_by_id(path: Path) -> None:
    store = LanceStore(path, Space("cosine", 32), exact_bytes=0)
    table = chips([f"s#{n:04d}" for n in range(2000)], space=store.space)
    same = pa.concat_arrays([table[VECTOR].chunk(0).slice(5, 1)] * 6)
    table = table.set_column(
        table.schema.get_field_index(VECTOR),
        chips_schema(store.space).field(VECTOR),
        pa.concat_arrays([same, table[VECTOR].chunk(0).slice(6)]),
    )
    store.append(table.take(np.random.default_rng(0).permutation(2000)))
    store.build_index(queries=5, rng=np.random.default_rng(0))
    ids, near = store.search(np.asarray(same[0].values.to_numpy()), k=4)
    assert ids == ["s#0000", "s#0001", "s#0002", "s#0003"]
    assert near.tolist() == [0, 0, 0, 0]


def test_code_sets_have_no_index(path: Path) -> None:
    store = LanceStore(path, Space("codeset", 8, codes=4), exact_bytes=0)
    store.append(chips([f"s#{n}" for n in range(50)], space=store.space))
    assert not store.wants_index()
    with pytest.raises(ArchiveError, match="there is no index for a codeset space"):
        store.build_index(rng=np.random.default_rng(0))
    assert len(store.search(query(store.space), k=3)[0]) == 3


def test_codes_above_the_size_have_an_index_of_their_own(path: Path) -> None:
    bits = Space("hamming", 32)
    exact = LanceStore(path, Space("cosine", 32))
    exact.append(chips([f"s{n % 10}#{n:04}" for n in range(3000)], space=exact.space))
    exact.add_codes(bits, lambda vectors: pack(bits, vectors))
    large = LanceStore(path, exact.space, exact_bytes=0)
    asked, where = pack(bits, query(exact.space)[np.newaxis])[0], Compare("scene", "=", "s3")
    assert large.search(asked, k=7, by=CODE)[0] == exact.search(asked, k=7, by=CODE)[0]
    assert (large.wants_index(CODE), large.recall(CODE)) == (True, None)

    measured = large.build_index(by=CODE, k=5, queries=40, rng=np.random.default_rng(0))
    assert (large.recall(CODE), large.recall(), exact.recall(CODE)) == (measured, None, None)
    assert not large.wants_index(CODE)
    assert 0.8 < measured.value <= 1
    for condition in (None, where):
        ids, bits_apart = large.search(asked, k=7, where=condition, by=CODE)
        true_ids, true_bits = exact.search(asked, k=7, where=condition, by=CODE)
        assert len(set(ids) & set(true_ids)) >= 5
        assert bits_apart.tolist() == sorted(bits_apart.tolist())
        assert bits_apart[0] == true_bits[0]
    # Codes that are made anew start without it.
    large.drop_codes()
    large.add_codes(Space("hamming", 16), lambda vectors: pack(Space("hamming", 16), vectors[:, :16]))
    assert large.wants_index(CODE)
    ids, _ = large.search(asked[:2], k=7, by=CODE)
    assert len(ids) == 7


@pytest.mark.parametrize("space", [Space("codeset", 16, codes=3), Space("codeset", 32, codes=9)], ids=str)
def test_code_sets_take_the_bytes_of_their_codes_and_of_their_presence(path: Path, space: Space) -> None:
    """8,192 of them; without what a table, the other columns and the ends of files take, which a set of one code takes too."""
    count, alone = 8192, Space("codeset", 8)

    def on_disk(of: Space) -> int:
        LanceStore(path.with_name(str(of.width)), of).append(chips([f"s#{n}" for n in range(count)], space=of))
        return sum(file.stat().st_size for file in path.with_name(str(of.width)).rglob("*.lance"))

    formula = space.codes * -(-space.size // 8) + -(-space.codes // 8)
    assert (on_disk(space) - on_disk(alone)) / count == pytest.approx(formula - alone.width, abs=0.2)


@pytest.mark.parametrize("bits", [8, 24, 64])
def test_codes_take_an_eighth_of_a_byte_a_bit(path: Path, bits: int) -> None:
    count = 8192
    store = LanceStore(path, SPACE)
    store.append(chips([f"s#{n}" for n in range(count)]))
    before = sum(file.stat().st_size for file in path.rglob("*.lance"))
    drawn = np.random.default_rng(0)
    store.add_codes(Space("hamming", bits), lambda vectors: drawn.integers(0, 256, (len(vectors), bits // 8), dtype=np.uint8))
    after = sum(file.stat().st_size for file in path.rglob("*.lance"))
    assert (after - before) / count == pytest.approx(bits / 8, abs=0.2)
