#!/usr/bin/env python3
"""Writes round_trips.csv: for random convolutions, every input size that gives one output size, and what PyTorch's
ConvTranspose2d makes of that output with every output_padding it accepts.

usage: make_round_trips.py [--seed N] [--settings K] [--out FILE]     (needs torch; Debian: python3-torch)

One setting a line: kernel_size, stride, padding ("same" too), dilation, output size, "inputs" that give it among 1…80
(spaces between), "way back": output_padding:size pairs. One axis only; the other has kernel 1.
"""
import argparse, pathlib, random, sys
import torch
from torch import nn


def size_of(layer, n):
    try:
        with torch.no_grad():
            return layer(torch.zeros(1, 1, n, 1)).shape[2]
    except (RuntimeError, ValueError):
        return 0


def setting(rng):
    k, s, d = rng.randint(1, 7), rng.randint(1, 5), rng.randint(1, 4)
    p = rng.choice(["same", rng.randint(0, 4), rng.randint(0, 4), rng.randint(0, 4)])
    if p == "same":
        s = 1
    conv = nn.Conv2d(1, 1, (k, 1), (s, 1), p if p == "same" else (p, 0), (d, 1))
    sizes = [size_of(conv, n) for n in range(1, 81)]
    out = rng.choice(sorted({o for o in sizes[:60] if o > 0}) or [1])
    inputs = [n for n, o in enumerate(sizes, 1) if o == out]
    # 'same' pads d(k−1)//2 before; the transposed layer crops as many on both sides.
    crop = d * (k - 1) // 2 if p == "same" else p
    back = []
    for op in range(0, 12):
        layer = nn.ConvTranspose2d(1, 1, (k, 1), (s, 1), (crop, 0), (op, 0), dilation=(d, 1))
        n = size_of(layer, out)
        if n > 0:
            back.append(f"{op}:{n}")
    return f"{k},{s},{p},{d},{out},{' '.join(map(str, inputs))},{' '.join(back)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", type=int, default=400)
    parser.add_argument("--out", default=str(pathlib.Path(__file__).parent / "round_trips.csv"))
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    lines = [setting(rng) for _ in range(arguments.settings)]
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(f"# PyTorch {torch.__version__}, made by make_round_trips.py --seed {arguments.seed} "
                   f"--settings {arguments.settings}\n")
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
