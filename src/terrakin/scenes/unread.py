"""Files that no source reads: which of them are worth a word."""

from pathlib import PurePath

__all__ = ["why_unread"]

_BESIDE_TEXT = """
.txt .md .rst .pdf .html .htm .doc .docx .xls .xlsx .py .ipynb .sh .log .cfg .ini .toml .yaml .yml .css .js .lock .sha256 .md5
.xml .json .geojson .prj .aux .ovr .msk .rrd .hdr .rpb .rpc .imd .til .att .eph .geo .met .safe .idx
.wld .tfw .tifw .tiffw .jgw .jpgw .jpegw .pgw .pngw .bpw .bmpw .wpw .webpw .gfw .gifw .j2w .jp2w
.shp .shx .dbf .sbn .sbx .cpg .qix .qmd .gml .xsd .kml .gpx .qml .sld .lyr .qgs .qgz .tsv
"""
_BESIDE = frozenset(_BESIDE_TEXT.split())
"""Extensions of what lies beside imagery and is not imagery: documents, metadata, georeferencing, vectors."""

_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "changelog", "authors", "makefile", "citation"})
"""Names without an extension that are not imagery."""

_REASONS = {
    ".vrt": "VRT files are not read, since they can point anywhere; make it a file: gdal_translate -of COG IN.vrt OUT.tif",
    ".zip": "archives are not read; unpack it first",
    ".tar": "archives are not read; unpack it first",
    ".gz": "archives are not read; unpack it first",
    ".tgz": "archives are not read; unpack it first",
    ".7z": "archives are not read; unpack it first",
    ".csv": "a table in a folder is not read; name the table itself as the source if it lists imagery",
    ".parquet": "a table in a folder is not read; name the table itself as the source if it lists imagery",
}


def why_unread(name: str) -> str | None:
    """Why a file that no source claimed is not read, or None where it is not imagery and nobody would miss it.

    >>> why_unread("scene.tif.aux.xml") is None, why_unread("cube.nc")
    (True, '.nc files are not read; if it holds imagery, convert it: gdal_translate -of COG IN OUT.tif')
    """
    path = PurePath(name.lower())
    if path.suffix in _BESIDE or path.name in _NAMES:
        return None
    if not path.suffix:
        return "has no extension that tells what it is"
    return _REASONS.get(
        path.suffix, f"{path.suffix} files are not read; if it holds imagery, convert it: gdal_translate -of COG IN OUT.tif"
    )
