"""The table of data sets for people."""

from terrakin.datasets.dataset import DATASETS
from terrakin.datasets.table import table


def test_every_data_set_is_a_row_in_order_of_names() -> None:
    assert [row.name for row in table()] == list(DATASETS)


def test_rows_say_what_was_published() -> None:
    rows = {row.name: row for row in table()}
    assert (rows["aid"].images, rows["aid"].classes, rows["aid"].pixels, rows["aid"].bands) == (10000, 30, "600 x 600", "RGB")
    assert (rows["eurosat-allbands"].bands, rows["eurosat-allbands"].gsd) == ("13 bands", "10, all bands resampled")
    assert (rows["places"].images, rows["places"].classes, rows["places"].bands) == (None, 0, "any")
    assert rows["bigearthnet"].licence == "CDLA-Permissive-1.0"
