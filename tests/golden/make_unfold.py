#!/usr/bin/env python3
"""Writes unfold.jsonl: what torch.nn.functional.unfold makes of small inputs, for random settings of a convolution.

usage: make_unfold.py [--seed N] [--cases K] [--out FILE]     (needs torch; Debian: python3-torch)

One case a line: params of the convolution whose windows these are, its input (shape and whole numbers) and the unfolded
matrix of each sample, a row a line of PyTorch's result.
"""
import argparse, json, pathlib, random
import torch
from torch.nn.functional import unfold


def pair(rng, low, high):
    return [rng.randint(low, high), rng.randint(low, high)]


def case(rng):
    groups = rng.choice([1, 1, 2])
    shape = [rng.randint(1, 2), groups * rng.randint(1, 2), rng.randint(1, 6), rng.randint(1, 6)]
    params = {
        "in_channels": shape[1], "out_channels": groups * rng.randint(1, 2), "groups": groups,
        "kernel_size": pair(rng, 1, 3), "stride": pair(rng, 1, 3), "padding": pair(rng, 0, 2), "dilation": pair(rng, 1, 2),
    }
    spans = [d * (k - 1) + 1 for d, k in zip(params["dilation"], params["kernel_size"])]
    if any(n + 2 * p < s for n, p, s in zip(shape[2:], params["padding"], spans)):
        return None
    values = [rng.randint(-9, 9) for _ in range(torch.Size(shape).numel())]
    matrix = unfold(torch.tensor(values, dtype=torch.float64).view(shape), params["kernel_size"], params["dilation"],
                    params["padding"], params["stride"])
    return {"params": params, "shape": shape, "values": values, "unfolded": matrix.to(torch.int64).tolist()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent / "unfold.jsonl")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with open(arguments.out, "w") as out:
        left = arguments.cases
        while left:
            one = case(rng)
            if one is None:
                continue
            out.write(json.dumps(one, separators=(",", ":")) + "\n")
            left -= 1


if __name__ == "__main__":
    main()
