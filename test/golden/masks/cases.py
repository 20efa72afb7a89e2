"""Random masks and polygons, shared by the golden vectors and by the large comparison."""
import numpy as np


def mask(rng, h, w):
    """A mask of one of several sorts: noise, rectangles, discs, stripes, checkers, one pixel, empty, full."""
    sort = rng.integers(0, 10)
    if sort == 0:
        return np.zeros((h, w), np.uint8, order='F')
    if sort == 1:
        return np.ones((h, w), np.uint8, order='F')
    m = np.zeros((h, w), np.uint8, order='F')
    if sort == 2:
        m[rng.integers(h), rng.integers(w)] = 1
    elif sort == 3:
        m[(np.arange(h)[:, None] + np.arange(w)) % 2 == rng.integers(2)] = 1
    elif sort == 4:
        m[:, ::rng.integers(1, 5)] = 1
    elif sort == 5:
        m[::rng.integers(1, 5)] = 1
    elif sort == 6:
        m[:] = rng.random((h, w)) < rng.random()
    else:
        for _ in range(rng.integers(1, 5)):
            y, x = rng.integers(h), rng.integers(w)
            ry, rx = rng.integers(1, max(2, h // 2)), rng.integers(1, max(2, w // 2))
            top, left = max(0, y - ry), max(0, x - rx)
            part = m[top:y + ry, left:x + rx]
            if sort == 7:
                part[:] = 1
            else:
                yy, xx = np.ogrid[top:top + part.shape[0], left:left + part.shape[1]]
                part[((yy - y) / ry) ** 2 + ((xx - x) / rx) ** 2 <= 1] ^= 1
    return m


def polygon(rng, h, w):
    """3 to 12 vertices; some on whole or half pixels, some outside, some repeated, some self-crossing."""
    count = int(rng.integers(3, 13))
    reach = rng.choice([0.0, 0.0, 0.3, 2.0])
    low, high = np.array([-reach * w, -reach * h]) - 0.01, np.array([w, h]) * (1 + reach) + 0.01
    points = rng.uniform(low, high, (count, 2))
    sort = rng.integers(0, 5)
    if sort == 0:
        points = np.round(points)
    elif sort == 1:
        points = np.round(points * 2) / 2
    elif sort == 2:
        points = np.round(points, 2)
    elif sort == 3:
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        centre, radius = rng.uniform(low, high), rng.uniform(0.2, 0.6) * min(h, w)
        points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    if rng.random() < 0.2:
        points[rng.integers(count)] = points[rng.integers(count)]
    return points.ravel()
