import subprocess
import sys


def test_asking_by_a_chips_id_needs_no_library_that_reads_scenes():
    """Its vector is in the archive; GDAL and PROJ would cost most of the command's time."""
    code = "import sys, terrakin.search.ask\nprint(sorted({'rasterio', 'pyproj', 'shapely', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
