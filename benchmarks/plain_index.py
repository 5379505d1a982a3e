"""What a user would write to index: decode, resize, run ONNX Runtime as it comes, add to FAISS.

python plain_index.py FOLDER INDEX
"""

import sys
from pathlib import Path

import faiss
import numpy as np
import onnxruntime
from PIL import Image

from terrakin.bundles.shipped import AID_MOBILENETV2

folder, saved = sys.argv[1:]
session = onnxruntime.InferenceSession(AID_MOBILENETV2 / "model.onnx", providers=["CPUExecutionProvider"])
index = faiss.IndexFlatIP(256)
paths = sorted(Path(folder).glob("*.jpg"))
for start in range(0, len(paths), 32):
    images = [
        Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC) for path in paths[start : start + 32]
    ]
    pixels = np.stack([np.asarray(image, np.float32) for image in images]) / 127.5 - 1
    vectors = session.run(["embedding"], {"pixels": pixels.transpose(0, 3, 1, 2)})[0]
    faiss.normalize_L2(vectors)
    index.add(vectors)
faiss.write_index(index, saved)
print(f"{index.ntotal} images")
