"""Makes the sample images beside this file and ../icon.png; needs only Python and numpy, the same pixels every time.

    python3 make_images.py            writes still-life.png, test-card.png, harbour.png and ../icon.png

Each is drawn with several samples a pixel. They are made to be convolved: edges in every direction, smooth slopes,
stripes from wide to narrow, and a little noise.
"""
import os
import struct
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def write_png(path, pixels):
    """8-bit grey (H×W), RGB (H×W×3) or RGBA (H×W×4); each row with the filter that leaves the smallest numbers."""
    pixels = np.asarray(pixels, np.uint8)
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = pixels.reshape(height, width * channels).astype(np.int64)
    left = np.pad(rows, ((0, 0), (channels, 0)))[:, :-channels]
    up = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(rows, ((1, 0), (channels, 0)))[:-1, :-channels]
    paeth = left + up - corner
    near = [np.abs(paeth - v) for v in (left, up, corner)]
    guess = np.where((near[0] <= near[1]) & (near[0] <= near[2]), left, np.where(near[1] <= near[2], up, corner))
    filtered = [(rows - g) & 255 for g in (0, left, up, (left + up) // 2, guess)]
    cost = np.stack([np.minimum(f, 256 - f).sum(1) for f in filtered])
    best = cost.argmin(0)
    data = b"".join(bytes([b]) + filtered[b][y].astype(np.uint8).tobytes() for y, b in enumerate(best))

    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    kind = {1: 0, 3: 2, 4: 6}[channels]
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)) +
                part(b"IDAT", zlib.compress(data, 9)) + part(b"IEND", b""))


def to_bytes(image):
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def shrink(image, samples):
    """The mean of each samples×samples block."""
    height, width = image.shape[0] // samples, image.shape[1] // samples
    return image.reshape(height, samples, width, samples, *image.shape[2:]).mean((1, 3))


def normalised(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def smooth(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


# ---- Still life: four things on a chequered floor, by ray marching through a distance field

STRIPED, BLUE, YELLOW, RING, FLOOR = range(5)
BALLS = ((np.array([-1.02, 0.86, 0.25]), 0.86), (np.array([0.90, 0.52, -0.62]), 0.52),
         (np.array([-0.22, 0.27, -1.30]), 0.27))
SUN = normalised(np.array([0.62, 0.66, -0.50]))


def distances(p):
    """Distance of each point to each thing."""
    d = [np.linalg.norm(p - centre, axis=-1) - radius for centre, radius in BALLS]
    q = p - np.array([0.98, 1.02, 1.05])
    a, b = np.cos(0.5), np.sin(0.5)
    depth, across = q[:, 2] * a - q[:, 0] * b, q[:, 0] * a + q[:, 2] * b
    d.append(np.hypot(np.hypot(across, q[:, 1]) - 0.80, depth) - 0.22)
    d.append(p[:, 1])
    return np.stack(d, -1)


def march(origin, direction, farthest, steps, softness=None):
    """How far each ray goes; and how much light passes on the way, 1 where nothing comes near."""
    t = np.full(len(direction), 0.02)
    light = np.ones(len(direction))
    alive = np.ones(len(direction), bool)
    for _ in range(steps):
        i = np.where(alive)[0]
        if not len(i):
            break
        gap = distances(origin[i] + t[i, None] * direction[i]).min(-1)
        if softness:
            light[i] = np.minimum(light[i], np.maximum(softness * gap / t[i], 0))
        t[i] += np.maximum(gap, 8e-4)
        alive[i] = (gap > 8e-4) & (t[i] < farthest)
    return t, light


def sky(direction):
    k = np.clip(direction[:, 1:2], 0, 1)
    near = (1 - k) ** 3
    return np.array([1.0, 0.90, 0.76]) * near + np.array([0.34, 0.60, 0.90]) * (1 - near)


def shade(origin, direction, depth=0):
    t, _ = march(origin, direction, 34, 110)
    colour = sky(direction)
    i = np.where(t < 33)[0]
    p, towards = origin[i] + t[i, None] * direction[i], direction[i]
    thing = distances(p).argmin(-1)
    axes = np.eye(3) * 1e-3
    normal = normalised(np.stack([distances(p + e).min(-1) - distances(p - e).min(-1) for e in axes], -1))

    albedo = np.array([[0.80, 0.20, 0.13], [0.08, 0.34, 0.58], [0.96, 0.70, 0.14], [0.10, 0.46, 0.34], [1, 1, 1]])[thing]
    floor = thing == FLOOR
    even = (np.floor(p[:, 0] * 1.1 + 0.35) + np.floor(p[:, 2] * 1.1)) % 2 > 0
    albedo[floor] = np.where(even[floor, None], [0.84, 0.80, 0.72], [0.36, 0.33, 0.31])
    turn = (p[:, 1] - 0.86) * np.cos(0.35) + (p[:, 0] + 1.02) * np.sin(0.35)  # stripes lean a little
    light_stripe = (thing == STRIPED) & (np.abs((turn * 4.6) % 1 - 0.5) < 0.2)
    albedo[light_stripe] = [0.96, 0.91, 0.80]

    _, sun = march(p + normal * 0.01, np.broadcast_to(SUN, p.shape).copy(), 8, 50, softness=11)
    sun = np.clip(sun, 0, 1)
    direct = np.clip(normal @ SUN, 0, 1) * sun
    open_sky = np.clip(0.40 + 0.60 * distances(p + normal * 0.3).min(-1) / 0.3, 0, 1)
    ambient = open_sky[:, None] * (0.27 + 0.20 * normal[:, 1:2]) * np.array([0.72, 0.88, 1.10])
    c = albedo * (direct[:, None] * np.array([1.34, 1.16, 0.90]) + ambient)
    half = normalised(SUN - towards)
    c += (np.clip((normal * half).sum(-1), 0, 1) ** 90 * sun * np.where(floor, 0.0, 0.9))[:, None]
    if depth < 1:
        facing = (towards * normal).sum(-1)
        mirror = towards - 2 * facing[:, None] * normal
        share = (np.where(floor, 0.05, 0.07) + 0.5 * (1 - np.clip(-facing, 0, 1)) ** 5)[:, None]
        c = c * (1 - share) + shade(p + normal * 0.01, mirror, 1) * share
    haze = np.clip((t[i] - 7) / 22, 0, 1)[:, None]
    colour[i] = c * (1 - haze) + np.array([1.0, 0.90, 0.76]) * haze
    return colour


def still_life(size=152, samples=5):
    n = size * samples
    ys, xs = np.mgrid[0:n, 0:n]
    u, v = (xs + 0.5) / n * 2 - 1, 1 - (ys + 0.5) / n * 2
    eye, target = np.array([0.05, 1.75, -5.3]), np.array([0.02, 0.70, 0])
    ahead = normalised(target - eye)
    right = normalised(np.cross([0, 1, 0], ahead))
    up = np.cross(ahead, right)
    rays = normalised(ahead * 2.32 + u[..., None] * right + v[..., None] * up).reshape(-1, 3)
    image = np.concatenate([shade(np.broadcast_to(eye, part.shape).copy(), part) for part in np.array_split(rays, 8)])
    image = image.reshape(n, n, 3)
    image = np.clip(image / (1 + 0.14 * image) * 1.12, 0, 1) ** (1 / 1.9)
    image *= (1 - 0.08 * (u ** 2 + v ** 2) ** 1.5 / 2)[..., None]
    return to_bytes(shrink(image, samples))


# ---- Test card: what each kernel answers to, one thing a field

LETTERS = {  # 5×7 dots
    "C": "01110 10001 10000 10000 10000 10001 01110", "O": "01110 10001 10001 10001 10001 10001 01110",
    "N": "10001 11001 10101 10101 10011 10001 10001", "V": "10001 10001 10001 10001 10001 01010 00100",
    "S": "01111 10000 10000 01110 00001 00001 11110", "P": "11110 10001 10001 11110 10000 10000 10000",
    "E": "11111 10000 10000 11110 10000 10000 11111",
}


def text_dots(text):
    """H×W of 0 and 1, one column between letters."""
    letters = []
    for letter in text:
        letters.append(np.array([[int(d) for d in row] for row in LETTERS[letter].split()]))
        letters.append(np.zeros((7, 1), int))
    return np.concatenate(letters[:-1], 1)


def test_card(samples=6):
    width, height = 192, 160
    ys, xs = np.mgrid[0:height * samples, 0:width * samples]
    x, y = (xs + 0.5) / samples, (ys + 0.5) / samples
    image = np.full(x.shape, 0.5)

    def inside(x0, y0, x1, y1):
        return (x >= x0) & (x < x1) & (y >= y0) & (y < y1)

    def paint(where, values):
        image[where] = values[where] if isinstance(values, np.ndarray) else values

    # Ground: a fine grid of lines, one every 16 pixels
    paint((x % 16 < 1) | (y % 16 < 1), 0.62)
    # Zone plate: ever narrower rings, to 2.2 pixels a ring at the rim
    cx, cy, radius = 64.5, 64.5, 52
    r = np.hypot(x - cx, y - cy)
    rings = 0.5 + 0.5 * np.cos(np.pi * r ** 2 / (2 * radius * 1.1))
    paint(r < radius + 3, 0.93)
    paint(r < radius + 1, 0.10)
    paint(r < radius, rings)
    # Star: edges in every direction, narrower towards the middle
    sx, sy, star = 152.5, 40.5, 26
    s, angle = np.hypot(x - sx, y - sy), np.arctan2(y - sy, x - sx)
    paint(s < star + 2, 0.93)
    paint(s < star, np.where(np.floor(angle / np.pi * 18) % 2 > 0, 0.06, 0.96))
    paint(s < 2, 0.06)
    # Checks of 8, 4, 2 and 1 pixels
    for k, step in enumerate((8, 4, 2, 1)):
        paint(inside(128 + 16 * k, 80, 144 + 16 * k, 96), (np.floor(x / step) + np.floor(y / step)) % 2 * 0.9 + 0.05)
    # Steps and a slope of grey
    paint(inside(128, 97, 192, 113), np.floor((x - 128) / 8) / 7)
    paint(inside(128, 113, 192, 121), (x - 128) / 64)
    # Single bright and dark pixels: each shows the kernel itself, turned 180°
    paint(inside(0, 128, 32, 160), 0.12)
    for px, py in ((7, 135), (23, 135), (7, 151), (23, 151)):
        paint(inside(px, py, px + 1, py + 1), 1.0)
    # Name
    paint(inside(32, 128, 144, 160), 0.95)
    dots = text_dots("CONVSCOPE")
    col, row = np.floor((x - 35) / 2).astype(int), np.floor((y - 137) / 2).astype(int)
    ok = (col >= 0) & (col < dots.shape[1]) & (row >= 0) & (row < 7)
    ink = np.zeros(x.shape, bool)
    ink[ok] = dots[row[ok], col[ok]] > 0
    paint(ink, 0.07)
    paint(inside(35, 153, 141, 154), 0.07)
    # Soft blobs and noise
    paint(inside(144, 128, 168, 160), 0.5 + 0.45 * np.sin((x - 144) / 24 * 2 * np.pi) * np.sin((y - 128) / 32 * 2 * np.pi))
    noise = np.random.default_rng(7).normal(0.5, 0.16, (height, width)).repeat(samples, 0).repeat(samples, 1)
    paint(inside(168, 128, 192, 160), noise)
    return to_bytes(shrink(image, samples))


# ---- Harbour at dusk: a suspension bridge, lit windows, the moon and its path on the water

def value_noise(rng, x, cell):
    """Smooth random values along a line, one a cell."""
    table = rng.random(int(x.max() / cell) + 3)
    i = np.floor(x / cell).astype(int)
    f = smooth(0, 1, x / cell - i)
    return table[i] * (1 - f) + table[i + 1] * f


def mix(a, b, t):
    return a * (1 - t[..., None]) + b * t[..., None]


def harbour(samples=5):
    width, height, shore = 208, 152, 100
    rng = np.random.default_rng(20)
    ys, xs = np.mgrid[0:height * samples, 0:width * samples]
    x, y = (xs + 0.5) / samples, (ys + 0.5) / samples

    def scene(x, y):
        """Everything above the water, at any place."""
        up = np.clip((shore - y) / shore, 0, 1)
        stops = [0, 0.22, 0.5, 0.78, 1]
        colours = np.array([[1.0, 0.66, 0.36], [0.95, 0.46, 0.38], [0.62, 0.30, 0.46], [0.27, 0.20, 0.42],
                            [0.10, 0.11, 0.27]])
        c = np.stack([np.interp(up, stops, colours[:, k]) for k in range(3)], -1)
        # Clouds: long thin bands, lit from below
        bands = clouds(x, y)
        c = mix(c, np.array([1.0, 0.62, 0.50]), 0.55 * smooth(0.56, 0.82, bands) * smooth(0.05, 0.3, up))
        # Stars
        for sx, sy, power in stars:
            c += (power * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / 0.16))[..., None] * np.array([1.0, 0.95, 0.85])
        # The moon
        d = np.hypot(x - 152, y - 27)
        c = mix(c, np.array([1.0, 0.86, 0.66]), 0.45 * np.exp(-np.maximum(d - 11, 0) / 9))
        c = mix(c, np.array([1.0, 0.96, 0.86]), smooth(11.6, 11.0, d))
        crater = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / s) for a, b, s in ((149, 24, 6), (155, 30, 9), (150, 32, 4)))
        c = mix(c, np.array([0.86, 0.76, 0.66]), np.clip(crater, 0, 1) * 0.55 * smooth(11.6, 11.0, d))
        # Hills
        ridge = 82 + 5 * np.sin(x / 23 + 1) + 3 * np.sin(x / 9.1) - 6 * np.exp(-((x - 30) / 26) ** 2)
        c = mix(c, np.array([0.36, 0.20, 0.36]), smooth(-0.6, 0.6, y - ridge))
        # Houses, far and near
        for left, right, top, tone, pitch, roof in houses:
            wall = (x >= left) & (x < right) & (y >= top)
            if roof:
                wall |= (np.abs(x - (left + right) / 2) < (y - top + roof) * (right - left) / 2 / roof) & (y < top) & (y > top - roof)
            c[wall] = tone
            column, row = np.floor((x - left - 1) / pitch), np.floor((y - top - 2) / 5)
            lit = (np.sin(column * 12.99 + row * 78.23 + left) * 43758.5) % 1
            pane = wall & ((x - left - 1) % pitch < pitch - 1.5) & ((y - top - 2) % 5 < 2.6) & (y > top + 2) & \
                (x < right - 1) & (x > left + 1) & (y < shore - 3) & (lit > 0.52)
            warm = np.array([1.0, 0.80, 0.42]) * (0.62 + 0.38 * ((lit * 7) % 1))[..., None]
            c[pane] = warm[pane]
        # The bridge: two towers, a deck, main cables as parabolas, hangers, stays
        steel = np.array([0.13, 0.08, 0.17])
        lamp = np.array([1.0, 0.88, 0.58])
        deck = (np.abs(y - 88) < 1.4) & (x < 132)
        towers = ((np.abs(x - 24) < 1.7) | (np.abs(x - 100) < 1.7)) & (y > 40)
        for tower in (24, 100):
            towers |= (np.abs(x - tower) < 3.2) & ((np.abs(y - 42) < 1.2) | (np.abs(y - 62) < 0.9))
            towers |= (np.abs(x - tower) < 2.6) & (y > 92)
        cable = 42 + 41 * (1 - ((x - 62) / 38) ** 2)
        side = np.where(x < 24, 42 + 43 * (24 - x) / 34, 42 + 43 * (x - 100) / 32)
        line = np.where((x > 24) & (x < 100), cable, side)
        near = np.abs(y - line) < np.where((x > 24) & (x < 100), 0.75 * np.sqrt(1 + (2 * 41 * (x - 62) / 38 ** 2) ** 2), 1.2)
        hangers = ((x - 24) % 4 < 0.7) & (y > line) & (y < 88)
        bridge = deck | towers | ((near | hangers) & (x < 132))
        c[bridge] = steel
        for k in range(0, 33):
            c += (0.9 * np.exp(-((x - (2 + 4 * k)) ** 2 + (y - 86) ** 2) / 0.5) * (k * 4 + 2 < 131))[..., None] * lamp
        return c

    along = np.linspace(0, 400, 4096)
    wide_clouds, fine_clouds = (value_noise(rng, along, cell) for cell in (34, 15))

    def clouds(x, y):
        wide = np.interp(x + 14 * np.sin(y / 9) + y * 1.7, along, wide_clouds)
        fine = np.interp((x * 1.3 + y * 3.1) % 400, along, fine_clouds)
        return 0.5 * wide + 0.25 * fine + 0.25 * (0.5 + 0.5 * np.sin(y / 3.1 + wide * 4))

    stars = [(rng.uniform(2, width - 2), rng.uniform(2, 40), rng.uniform(0.3, 0.9)) for _ in range(34)]
    stars = [s for s in stars if np.hypot(s[0] - 152, s[1] - 27) > 18]
    houses = []
    left = 118.0
    while left < width:  # far row
        right = left + rng.integers(8, 15)
        houses.append((left, right, 78 - rng.integers(0, 16), np.array([0.24, 0.15, 0.29]), 3.0, 0))
        left = right
    for left, right, top, roof in ((134, 145, 66, 6), (147, 158, 76, 0), (159, 172, 58, 0), (173, 183, 72, 7), (185, 206, 64, 0)):
        houses.append((left, right, top, np.array([0.15, 0.09, 0.19]), 3.5, roof))
    houses.append((164.6, 166.2, 44, np.array([0.15, 0.09, 0.19]), 90, 0))  # an aerial

    above = scene(x, y)
    # Water: the scene upside down, drawn out by waves that grow towards the eye
    depth = np.clip((y - shore) / (height - shore), 0, 1)
    waves = np.sin(y * 2.4 / (0.35 + depth * 1.1) + 1.5 * np.sin(x / 17 + y / 5)) * 0.6 + \
        np.sin(x / 6.0 + y * 1.9 / (0.4 + depth)) * 0.4
    sway = (0.6 + 5.5 * depth) * waves
    lift = (0.2 + 3.0 * depth) * np.sin(y * 2.1 / (0.35 + depth * 1.1) + x / 31)
    water = scene(np.clip(x + sway, 0, width - 0.01), np.clip(2 * shore - y - lift - 3 * depth, 0.1, shore - 0.1))
    water = water * np.array([0.70, 0.66, 0.78]) + np.array([0.02, 0.03, 0.07])
    path = np.exp(-((x - 152 + sway) / (5 + 13 * depth)) ** 2) * smooth(-0.1, 0.75, waves) * (0.25 + 0.5 * depth)
    water = mix(water, np.array([1.0, 0.87, 0.64]), path)
    image = np.where((y < shore)[..., None], above, water)
    image[(np.abs(y - shore) < 0.8) & (x > 116)] = [0.09, 0.05, 0.12]
    image = shrink(np.clip(image, 0, 1), samples)
    image += rng.normal(0, 0.014, image.shape[:2])[..., None]  # film grain
    return to_bytes(image)


# ---- Icon: nine cells, the one under the kernel's centre in orange

def icon(size=64, samples=8):
    n = size * samples
    ys, xs = np.mgrid[0:n, 0:n]
    x, y = (xs + 0.5) / samples, (ys + 0.5) / samples

    def rounded(x0, y0, side, radius):
        half = side / 2 - radius
        dx, dy = np.abs(x - x0 - side / 2) - half, np.abs(y - y0 - side / 2) - half
        return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) < radius

    rgba = np.zeros((n, n, 4))
    rgba[rounded(1, 1, 62, 13)] = [*np.array([0xF7, 0xF6, 0xF3]) / 255, 1]
    for row in range(3):
        for column in range(3):
            tone = [0xF8, 0xA8, 0x2F] if row == column == 1 else [0x1D, 0x1C, 0x1A] if (row + column) % 2 == 0 else [0xC9, 0xC5, 0xBC]
            rgba[rounded(11 + 15 * column, 11 + 15 * row, 12, 2.5)] = [*np.array(tone) / 255, 1]
    alpha = shrink(rgba[..., 3], samples)
    colour = shrink(rgba[..., :3] * rgba[..., 3:], samples) / np.maximum(alpha, 1e-9)[..., None]
    return to_bytes(np.dstack([colour, alpha]))


if __name__ == "__main__":
    write_png(os.path.join(HERE, "still-life.png"), still_life())
    write_png(os.path.join(HERE, "test-card.png"), test_card())
    write_png(os.path.join(HERE, "harbour.png"), harbour())
    write_png(os.path.join(HERE, "..", "icon.png"), icon())
