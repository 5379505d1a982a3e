"""A bundle as an item of the STAC extension for machine-learning models."""

import datetime as dt
from typing import Any

from terrakin.bundles.passport import Passport
from terrakin.views.records import rfc3339

__all__ = ["MLM", "model_item"]

MLM = "https://stac-extensions.github.io/mlm/v1.5.2/schema.json"
"""The version of the extension that is followed."""


def model_item(passport: Passport, now: dt.datetime) -> dict[str, Any]:
    """The item of a model whose `model.onnx` lies beside it. A model has no place: its geometry is null.

    Args:
        passport: of the bundle.
        now: the time of writing, aware; the item's `datetime`.
    """
    bands = list(passport.bands)
    named = [{"name": band} for band in bands]
    scaling = [{"type": "z-score", "mean": mean, "stddev": std} for mean, std in zip(passport.mean, passport.std, strict=True)]
    properties = {
        "title": f"{passport.name} {passport.version}",
        "datetime": rfc3339(now),
        "license": passport.licence,
        "version": passport.version,
        # The extension wants the bands among the properties; STAC allows them there only where an asset has them too.
        "bands": named,
        "mlm:name": passport.name,
        # A passport names no architecture; by convention the name of the model ends with it.
        "mlm:architecture": passport.name,
        "mlm:tasks": ["similarity-search"],
        "mlm:framework": "ONNX",
        "mlm:pretrained": True,
        "mlm:pretrained_source": passport.training_data,
        "mlm:input": [
            {
                "name": "pixels in [0, 1]",
                "bands": bands,
                "input": {
                    "shape": [-1, len(bands), passport.input_size, passport.input_size],
                    "dim_order": ["batch", "bands", "height", "width"],
                    "data_type": "float32",
                },
                "value_scaling": scaling,
            }
        ],
        "mlm:output": [
            {
                "name": "embedding",
                "tasks": ["similarity-search"],
                "result": {
                    "shape": [-1, passport.embedding_size],
                    "dim_order": ["batch", "embedding"],
                    "data_type": "float32",
                },
            }
        ],
    }
    if passport.reducer is not None:
        reducer = passport.reducer
        properties["description"] = (
            f"Embeddings are reduced by {reducer.kind} to {reducer.size} dimensions, fitted on {reducer.fitted_on}."
        )
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [MLM],
        "id": f"{passport.name}-{passport.version}",
        "geometry": None,
        "properties": properties,
        "links": [{"rel": "root", "href": "../collection.json", "type": "application/json"}],
        "assets": {
            "model": {
                "href": "./model.onnx",
                "type": "application/octet-stream",
                "title": "The network",
                "roles": ["mlm:model"],
                "mlm:artifact_type": "onnx",
                "bands": named,
            }
        },
    }
