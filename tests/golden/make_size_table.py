#!/usr/bin/env python3
"""Writes output_sizes.csv: PyTorch's output sizes for randomly drawn settings of the windowed layers.

usage: make_size_table.py [--seed N] [--settings K] [--out FILE]     (needs torch; Debian: python3-torch)

One setting a line: op, input h w, kernel_size h w, stride h w (or "none"), padding ("same", "valid", or h w), dilation h w,
output_padding h w (conv_transpose2d), padding_mode (conv2d) or ceil_mode (pools), output h w; "refused" where PyTorch
raises an error.
"""
import argparse, pathlib, random, sys
import torch
from torch import nn

KINDS = ["zeros", "zeros", "zeros", "reflect", "replicate", "circular"]


def pair(rng, low, high):
    h = rng.randint(low, high)
    return (h, h) if rng.random() < 0.4 else (h, rng.randint(low, high))


def size(layer, h, w):
    """Output size as PyTorch computes it, or "refused"."""
    try:
        with torch.no_grad():
            shape = layer().forward(torch.zeros(1, 1, h, w)).shape
    except (RuntimeError, ValueError):
        return "refused"
    return f"{shape[2]} {shape[3]}" if shape.numel() else "refused"


def two(values):
    return f"{values[0]} {values[1]}"


def conv2d(rng):
    h, w = pair(rng, 1, rng.choice([6, 30, 130]))
    k, s, d = pair(rng, 1, 7), pair(rng, 1, 5), pair(rng, 1, 4)
    p = rng.choice([(0, 0), pair(rng, 0, 6), pair(rng, 0, 6), "same", "valid"])
    if p == "same" and rng.random() < 0.8:
        s = (1, 1)
    mode = rng.choice(KINDS)
    answer = size(lambda: nn.Conv2d(1, 1, k, s, p, d, bias=False, padding_mode=mode), h, w)
    return f"conv2d,{h} {w},{two(k)},{two(s)},{p if isinstance(p, str) else two(p)},{two(d)},{mode},{answer}"


def conv_transpose2d(rng):
    h, w = pair(rng, 1, rng.choice([4, 12, 50]))
    k, s, d = pair(rng, 1, 7), pair(rng, 1, 5), pair(rng, 1, 4)
    p, op = pair(rng, 0, 6), rng.choice([(0, 0), pair(rng, 0, 4)])
    answer = size(lambda: nn.ConvTranspose2d(1, 1, k, s, p, op, 1, False, d), h, w)
    return f"conv_transpose2d,{h} {w},{two(k)},{two(s)},{two(p)},{two(d)},{two(op)},{answer}"


def pool(rng, op, kind, has_dilation):
    h, w = pair(rng, 1, rng.choice([4, 9, 40]))
    k, s, p = pair(rng, 1, 6), pair(rng, 1, 6), pair(rng, 0, 3)
    d = pair(rng, 1, 3) if has_dilation and rng.random() < 0.4 else (1, 1)
    if rng.random() < 0.8:
        p = (min(p[0], k[0] // 2), min(p[1], k[1] // 2))
    stride = None if rng.random() < 0.3 else s
    ceil = rng.random() < 0.6
    dilation = {"dilation": d} if has_dilation else {}
    answer = size(lambda: kind(k, stride, p, ceil_mode=ceil, **dilation), h, w)
    return f"{op},{h} {w},{two(k)},{two(s) if stride else 'none'},{two(p)},{two(d)},{'on' if ceil else 'off'},{answer}"


def max_pool2d(rng):
    return pool(rng, "max_pool2d", nn.MaxPool2d, True)


def avg_pool2d(rng):
    return pool(rng, "avg_pool2d", nn.AvgPool2d, False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", type=int, default=2000, help="of each op")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).with_name("output_sizes.csv"))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    lines = [f"# PyTorch {torch.__version__}, made by make_size_table.py --seed {args.seed} --settings {args.settings}"]
    for op in (conv2d, conv_transpose2d, max_pool2d, avg_pool2d):
        lines += [op(rng) for _ in range(args.settings)]
    args.out.write_text("\n".join(lines) + "\n")
    refused = sum(line.endswith("refused") for line in lines)
    print(f"{len(lines) - 1} settings, {refused} of them refused", file=sys.stderr)


if __name__ == "__main__":
    main()
