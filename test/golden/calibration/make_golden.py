"""Golden vectors of score calibration. Made with scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, November 2026.

python make_golden.py > golden.json
"""
import json

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(7)
cases = []
for count, power, decimals in [(60, 1.0, 6), (200, 2.5, 2), (400, 0.4, 3), (3, 1.0, 3)]:
    scores = np.round(np.clip(rng.beta(0.8, 0.9, count), 0.001, 0.999), decimals)
    scores = np.clip(scores, 0.001, 0.999)
    right = (rng.random(count) < scores**power).astype(int)
    if count == 3:
        right = np.array([1, 0, 0])
    asked = np.round(np.concatenate([[0.0, 1.0], rng.random(20), scores[:5]]), 4)
    isotonic = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(scores, right)
    logits = np.log(scores / (1 - scores)).reshape(-1, 1)
    logistic = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10000).fit(logits, right)
    cases.append(
        {
            "scores": scores.tolist(),
            "right": right.tolist(),
            "asked": asked.tolist(),
            "isotonic": isotonic.predict(asked).tolist(),
            "knot_scores": isotonic.X_thresholds_.tolist(),
            "knot_values": isotonic.y_thresholds_.tolist(),
            "inverse_temperature": float(logistic.coef_[0, 0]),
        }
    )
print(json.dumps(cases))
