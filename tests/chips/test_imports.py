import subprocess
import sys


def test_what_an_archive_keeps_of_chips_needs_no_heavy_library():
    """Every command reads how an archive cuts and scales; only those that read pixels pay for GDAL and PROJ."""
    code = (
        "import sys, terrakin.chips.chip, terrakin.chips.grid, terrakin.chips.scaling\n"
        "print(sorted({'rasterio', 'pyproj', 'shapely'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
