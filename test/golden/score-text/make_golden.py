"""Numbers from 0 to 1 as Python prints them.

Run: python make_golden.py    (no packages; version and date go into golden.json)
"""
import datetime
import json
import platform
import random

random.seed(3)
values = [0.0, 1.0, 0.5, 1e-4, 9.999e-5, 1e-5, 1.2e-5, 1e-6, 5e-7, 4.9e-7, 1e-7, 1e-10, 3e-300, 0.1, 1 / 3, 0.9999995]
values += [k / 128 for k in range(1, 128, 2)]  # exact ties at 6 decimals
values += [k / 512 for k in range(1, 60, 2)]  # exact ties at 8
values += [random.random() for _ in range(60)] + [10 ** random.uniform(-12, 0) for _ in range(60)]
cases = [{"value": v, "fixed6": f"{v:.6f}", "fixed8": "%.8f" % v, "text": str(v)} for v in values]
with open("golden.json", "w") as file:
    made = {"python": platform.python_version(), "date": datetime.date.today().isoformat()}
    json.dump({"made": made, "cases": cases}, file)
