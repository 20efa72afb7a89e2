"""Epochs of the 7th-place solution of Open Images 2019, drawn by numpy.

Run: python make_golden.py    (numpy; version and date go into golden.json.gz)
A plain reading of the rules in numbers and lists: leaf variant (pairs in order of appearance), variant with extra images,
parent variant. Where the authors drew from a Python set, the list is sorted: their order cannot be repeated.
"""
import datetime
import gzip
import json
import math

import numpy as np


def ranked(pairs):
    """Classes by number of images; ties by first appearance. Images of a class in order of appearance."""
    images = {}
    for label, image in pairs:
        images.setdefault(label, [])
        if image not in images[label]:
            images[label].append(image)
    return sorted(images, key=lambda label: -len(images[label])), images


def fill(cnt, images, target, exceeded, order):
    sampled = sum(cnt[i] for i in images if cnt[i] > 0)
    remaining = target - sampled
    if remaining < 0:
        if exceeded == 0:
            return
        remaining = exceeded
    left = order([i for i in images if cnt[i] == 0])
    if not left:
        return
    times, rest = divmod(remaining, len(left))
    for i in left:
        cnt[i] += times
    for i in np.random.choice(left, rest, replace=False):
        cnt[i] += 1


def lots(cnt, images, target, exceeded, order):
    remaining = target - sum(cnt[i] for i in images if cnt[i] > 0)
    if remaining < 0:
        if exceeded == 0:
            return
        remaining = exceeded
    left = order([i for i in images if cnt[i] == 0])
    if not left:
        return
    for i in np.random.choice(left, remaining, replace=False):
        cnt[i] += 1


def leaf(pairs, seed, edges, targets):
    rank, images = ranked(pairs)
    np.random.seed(seed)
    cnt = {image: 0 for _, image in pairs}
    a, b, c = edges
    for label in rank[c:]:
        for i in images[label]:
            cnt[i] = 10
    for label in reversed(rank[b:c]):
        fill(cnt, images[label], targets[0], 0, list)
        if max(cnt.values()) > 10:
            break
    for label in rank[a:b]:
        for i in images[label]:
            cnt[i] = max(1, cnt[i])
    for label in reversed(rank[:a]):
        lots(cnt, images[label], targets[1], targets[2], list)
    return cnt


def with_extra(pairs, extra, seed, edges, targets):
    rank, images = ranked(pairs)
    np.random.seed(seed)
    cnt = {image: 0 for _, image in pairs}
    a, b, c = edges
    for label in rank[c:]:
        for i in images[label]:
            cnt[i] = 10 if i in extra else 8
    for label in rank[b:c]:
        for i in images[label]:
            if i in extra:
                cnt[i] = 5  # also where it was 10
    for label in reversed(rank[b:c]):
        fill(cnt, images[label], targets[0], targets[3], sorted)
        if max(cnt.values()) > 10:
            break
    for label in rank[a:b]:
        for i in images[label]:
            cnt[i] = max(1, cnt[i])
    for i in extra:
        cnt[i] = max(1, cnt[i])
    for label in reversed(rank[:a]):
        lots(cnt, images[label], targets[1], targets[2], sorted)
    return cnt


def parent(pairs, seed, edges, targets, person):
    rank, images = ranked(pairs)
    np.random.seed(seed)
    cnt = {image: 0 for _, image in pairs}
    a, b = edges
    for label in reversed(rank[b:]):
        fill(cnt, images[label], targets[0], 0, list)
        if max(cnt.values()) > 10:
            break
    for label in rank[a:b]:
        for i in images[label]:
            cnt[i] = max(1, cnt[i])
    for label in reversed(rank[:a]):
        if label == person:
            break
        lots(cnt, images[label], targets[1], targets[2], sorted)
    return cnt


def epoch(cnt, seed):
    """Names in the order of an epoch."""
    np.random.seed(seed)
    names = [image for image, n in cnt.items() if n == 1]
    np.random.shuffle(names)
    for c in range(2, max(cnt.values()) + 1):
        fresh = [image for image, n in cnt.items() if n == c]
        if not fresh:
            continue
        size = math.ceil(len(names) / c)
        merged = []
        for i in range(c):
            old = names[size * i : size * (i + 1)]
            np.random.seed(seed + i)
            new = list(fresh)
            np.random.shuffle(new)
            total = len(old) + len(new)
            places = np.random.choice(total, len(old), replace=False)
            both = [None] * total
            for place, name in zip(places, old):
                both[place] = name
            rest = iter(new)
            merged += [next(rest) if name is None else name for name in both]
        names = merged
    return names


def world(rng, labels, images):
    pairs = []
    for image in range(images):
        for label in set(np.minimum(rng.geometric(0.13, rng.integers(1, 5)) - 1, labels - 1).tolist()):
            pairs += [[label, image]] * int(rng.integers(1, 3))
    return pairs


rng = np.random.default_rng(7)
cases = []
while len(cases) < 12:
    number = len(cases)
    labels = int(rng.integers(20, 32))
    pairs = world(rng, labels, int(rng.integers(150, 320)))
    names = sorted({image for _, image in pairs})
    extra = sorted(rng.choice(names, len(names) // 5, replace=False).tolist())
    variant = ("leaf", "with-extra", "parent")[number % 3]
    seed = 100 + number
    try:
        if variant == "leaf":
            edges, targets = (4, 8, 16), (40, 30, 5)
            cnt = leaf(pairs, seed, edges, targets)
        elif variant == "with-extra":
            edges, targets = (3, 8, 16), (30, 25, 4, 7)
            cnt = with_extra(pairs, extra, seed, edges, targets)
        else:
            edges, targets = (5, 9), (50, 40, 6)
            cnt = parent(pairs, seed, edges, targets, person=1)
    except ValueError:  # more lots than images; the authors' program ends so, too
        continue
    cases.append({
        "variant": variant, "seed": seed, "pairs": pairs, "extra": extra if variant == "with-extra" else [],
        "edges": edges, "targets": targets, "counts": [[i, n] for i, n in cnt.items() if n > 0],
        "orderSeed": 20 + number, "order": epoch({i: n for i, n in cnt.items() if n > 0}, 20 + number),
    })

made = {"numpy": np.__version__, "date": datetime.date.today().isoformat()}
with open("golden.json.gz", "wb") as file:
    file.write(gzip.compress(json.dumps({"made": made, "cases": cases}).encode(), mtime=0))
print([(c["variant"], len(c["counts"]), len(c["order"]), max(n for _, n in c["counts"])) for c in cases])
