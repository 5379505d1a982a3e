"""What a user would write to search: load a FAISS index, rank by one of its vectors.

python plain_search.py INDEX ROW K
"""

import sys

import faiss

path, row, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
faiss.omp_set_num_threads(1)
index = (faiss.read_index_binary if path.endswith(".bits") else faiss.read_index)(path)
distances, rows = index.search(index.reconstruct(row)[None], k)
for place, (number, distance) in enumerate(zip(rows[0], distances[0], strict=True), 1):
    print(place, number, distance)
