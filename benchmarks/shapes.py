"""Draws folders of 64 x 64 colour images: coloured shapes on textures, stars among them unwanted.

python benchmarks/shapes.py shapes
keras-vabc train --unlabeled shapes/unlabeled --unwanted shapes/unwanted --out run --budget 35min
keras-vabc evaluate run --labels shapes/labels.csv --negative-class star

One image in ten of the unlabeled is a star; the labels serve the evaluation alone.
"""

import argparse
import colorsys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
SHAPES = ("disc", "ring", "square", "triangle", "cross", "star")
UNWANTED, HIDDEN = "star", 0.1
SOFT = 1.5  # pixels from inside to outside


def main():
    """Draws the folders that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="new folder")
    parser.add_argument("--unlabeled", type=int, default=5000)
    parser.add_argument("--unwanted", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    wanted = [shape for shape in SHAPES if shape != UNWANTED]
    hidden = rng.random(options.unlabeled) < HIDDEN
    shapes = np.where(hidden, UNWANTED, rng.choice(wanted, options.unlabeled))
    names = write_images(options.out / "unlabeled", shapes, rng)
    write_images(options.out / "unwanted", [UNWANTED] * options.unwanted, rng)
    rows = "".join(f"{name},{shape}\n" for name, shape in zip(names, shapes, strict=True))
    (options.out / "labels.csv").write_text("id,label\n" + rows, encoding="utf-8")


def write_images(folder, shapes, rng):
    """Draws a PNG for each of some shapes; returns their names."""
    folder.mkdir(parents=True)
    names = [f"{number:05d}.png" for number in range(len(shapes))]
    for name, shape in zip(names, shapes, strict=True):
        Image.fromarray(drawn(shape, rng)).save(folder / name)
    return names


def drawn(shape, rng):
    """One image, uint8 of shape `(64, 64, 3)`: a shape of any place, size, angle and colour."""
    (x0, y0), radius, angle = rng.uniform(22, 42, 2), rng.uniform(11, 20), rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:SIDE, :SIDE] - np.array([y0, x0])[:, None, None]
    u, v = (
        (np.cos(angle) * x + np.sin(angle) * y) / radius,
        (-np.sin(angle) * x + np.cos(angle) * y) / radius,
    )
    inside = np.clip(0.5 - _outside(shape, u, v) * radius / SOFT, 0, 1)[..., None]
    ground, hue = _texture(rng), rng.random()
    colour = np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.6, 1), rng.uniform(0.6, 1)))
    pixels = inside * colour + (1 - inside) * ground + rng.normal(0, 0.02, ground.shape)
    return np.clip(np.rint(255 * pixels), 0, 255).astype("uint8")


def _outside(shape, u, v):
    """How far a point is outside of a shape of radius 1, less than 0 within."""
    r, phi = np.hypot(u, v), np.arctan2(v, u)
    if shape == "disc":
        return r - 1
    if shape == "ring":
        return np.abs(r - 0.75) - 0.25
    if shape == "square":
        return np.maximum(np.abs(u), np.abs(v)) - 0.8
    if shape == "cross":
        arms = [np.maximum(np.abs(a) - 1, np.abs(b) - 0.3) for a, b in ((u, v), (v, u))]
        return np.minimum(*arms)
    if shape == "triangle":
        sides = [np.cos(phi - side * 2 * np.pi / 3) * r for side in range(3)]
        return np.maximum.reduce(sides) - 0.55
    tenth = np.pi / 5
    return r * (1 + 1.3 * np.abs((phi + tenth) % (2 * tenth) - tenth) / tenth) - 1.05


def _texture(rng):
    """A ground of waves between two dull colours, in 0..1."""
    y, x = np.mgrid[:SIDE, :SIDE]
    angle, length, phase = rng.uniform(0, np.pi), rng.uniform(6, 24), rng.uniform(0, 2 * np.pi)
    wave = np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / length + phase)
    if rng.random() < 0.5:
        wave *= np.sin(2 * np.pi * (-np.sin(angle) * x + np.cos(angle) * y) / length)
    share = (0.5 + 0.5 * wave)[..., None]
    one, other = (
        colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.4), rng.uniform(0.2, 0.8))
        for _ in range(2)
    )
    return share * np.array(one) + (1 - share) * np.array(other)


if __name__ == "__main__":
    main()
