"""The peer's side of the server benchmark: the recommendation service that people write with FastAPI and implicit.

Serves POST /recommendations {"user": "17850", "count": 10} from the model that `train` made:

    python fastapi_implicit.py train INTERACTIONS.csv[.gz] MODEL FACTORS
    MODEL=... uvicorn --app-dir bench/peers --workers 2 fastapi_implicit:app
"""

import csv
import gzip
import os
import pickle
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402


def train(path, target, factors):
    users, items, rows, columns = {}, {}, [], []
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            rows.append(users.setdefault(row["USER_ID"], len(users)))
            columns.append(items.setdefault(row["ITEM_ID"], len(items)))
    matrix = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(users), len(items)))
    model = AlternatingLeastSquares(factors=factors, iterations=15, random_state=1)
    model.fit(matrix, show_progress=False)
    with open(target, "wb") as file:
        pickle.dump((users, list(items), matrix, model), file)


if __name__ == "__main__":
    train(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    from fastapi import FastAPI, HTTPException
    from pydantic import BaseModel

    with open(os.environ["MODEL"], "rb") as file:
        users, items, matrix, model = pickle.load(file)
    app = FastAPI()

    class Question(BaseModel):
        user: str
        count: int = 10

    class Recommendation(BaseModel):
        item: str
        score: float

    @app.post("/recommendations")
    async def recommendations(question: Question) -> list[Recommendation]:
        user = users.get(question.user)
        if user is None:
            raise HTTPException(404, "unknown user")
        ids, scores = model.recommend(user, matrix[user], N=question.count)
        return [Recommendation(item=items[i], score=s) for i, s in zip(ids, scores)]
