"""Do two submissions say the same? python compare.py FOLDER_OF_CSVS OTHER.csv"""
import base64
import glob
import os
import sys
import zlib

import pandas as pd


def said(path):
    found = {}
    for row in pd.read_csv(path, keep_default_na=False).itertuples(index=False):
        words = row.PredictionString.split(" ")
        masks = [zlib.decompress(base64.b64decode(word)) for word in words[2::3]]
        found[row.ImageID] = sorted(zip(words[::3], words[1::3], masks))
    return found


ours = {}
for file in glob.glob(os.path.join(sys.argv[1], "*.csv")):
    ours.update(said(file))
print("same" if ours == said(sys.argv[2]) else "different")
