#!/usr/bin/env python3
"""Asks `convscope eval` for cases that it has not seen and compares its answers with PyTorch's.

usage: check_eval.py CONVSCOPE [--seeds 5,6,7] [--cases 20]     (needs torch; Debian: python3-torch)

Runs make_golden.py with each seed. An answer holds when |ours − PyTorch's| ≤ 1e-5 · (1 + Σ|terms|), with Σ|terms| from
PyTorch over absolute values; gradient_flow when it is within 2e-4 of PyTorch's. Prints the largest error of each tensor
as a part of what is allowed; exit code 1 when one is larger or a line is answered wrongly.
"""
import argparse, json, math, pathlib, subprocess, sys, tempfile
import torch
import torch.nn.functional as F

def tensor(case, key):
    return torch.tensor([float(v) for v in case[key]["data"]], dtype=torch.float64).reshape(case[key]["shape"]) if key in case else None

def conv_sizes(case):
    """Σ|terms| of a convolution and its gradients: they are linear, so the same with absolute values."""
    p, x, w, b, g = case["params"], *(tensor(case, k) for k in ("input", "weight", "bias", "grad_output"))
    x, w, g = (t.abs().requires_grad_(True) for t in (x, w, g))
    b = b.abs().requires_grad_(True) if b is not None else None
    if case["op"] == "conv2d":
        k, d, pad = p["kernel_size"], p["dilation"], p["padding"]
        total = [d[i] * (k[i] - 1) for i in (0, 1)]
        if pad == "same": pads = [total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2]
        elif pad == "valid": pads = [0] * 4
        else: pads = [pad[1], pad[1], pad[0], pad[0]]
        mode = p["padding_mode"]
        xp = F.pad(x, pads, mode="constant" if mode == "zeros" else mode) if any(pads) else x
        y = F.conv2d(xp, w, b, stride=p["stride"], dilation=d, groups=p["groups"])
    else:
        y = F.conv_transpose2d(x, w, b, stride=p["stride"], padding=p["padding"], output_padding=p["output_padding"],
                               groups=p["groups"], dilation=p["dilation"])
    gx, gw, *gb = torch.autograd.grad(y, [x, w] + ([b] if b is not None else []), g)
    return {"output": y, "grad_input": gx, "grad_weight": gw, **({"grad_bias": gb[0]} if gb else {})}

def norm_sizes(case):
    p, x, w, g = case["params"], *(tensor(case, k) for k in ("input", "weight", "grad_output"))
    c = lambda t: t.reshape(1, -1, 1, 1)
    axes, m = (0, 2, 3), x.numel() / x.shape[1]
    of_batch = p.get("training", True) or not p.get("track_running_stats", True)
    if of_batch: mean, var = x.mean(axes), x.var(axes, unbiased=False)
    else: mean, var = tensor(case, "running_mean"), tensor(case, "running_var")
    scale = 1 / (var + p["eps"]).sqrt()
    scale[scale.isinf()] = 0  # as torch has it
    xh, w = (x.abs() + c(mean.abs())) * c(scale), w.abs() if w is not None else torch.ones_like(mean)
    gs, gx, g = g.abs().sum(axes), (g.abs() * xh).sum(axes), g.abs()
    back = g + ((c(gs) + xh * c(gx)) / m if of_batch else 0)
    b = tensor(case, "bias")
    before = lambda key: tensor(case, key).abs() if key in case else 1
    return {"output": xh * c(w) + (c(b.abs()) if b is not None else 0), "grad_input": back * c(w * scale), "grad_weight": gx,
            "grad_bias": gs, "running_mean_after": mean.abs() + before("running_mean") + x.abs().mean(axes),
            "running_var_after": ((x.abs() + c(mean.abs())) ** 2).mean(axes) * m / max(m - 1, 1) + before("running_var"),
            "num_batches_tracked_after": torch.zeros(())}

def linear_sizes(case):
    """Pools, upsampling, activations: no cell is larger than what flows in."""
    largest = lambda key: max([0.0] + [abs(v) for v in tensor(case, key).reshape(-1).tolist() if math.isfinite(v)])
    return {"output": torch.full_like(tensor(case, "output"), largest("input")),
            "grad_input": torch.full_like(tensor(case, "grad_input"), largest("grad_output") + largest("grad_input"))}

def check(case, answer, worst):
    op = case["op"]
    if case.get("error"):
        return None if answer.get("error", "").endswith(".") else "no error"
    if "error" in answer: return answer["error"]
    flow = op == "gradient_flow"
    if flow: keys, sizes = ["loss", "activation_rms", "grad_weight_norms"], {}
    else:
        keys = [k for k in case if k == "output" or k.endswith("_after") or (k.startswith("grad_") and k != "grad_output")]
        sizes = conv_sizes(case) if op.startswith("conv") else norm_sizes(case) if op == "batch_norm2d" else linear_sizes(case)
    if set(answer) != set(keys) | {"id"}: return f"keys {sorted(answer)}"
    for key in keys:
        if flow:
            ours, theirs = (torch.as_tensor(v[key], dtype=torch.float64).reshape(-1) for v in (answer, case))
            allowed = 2e-4 * theirs.abs()
        else:
            if answer[key]["shape"] != case[key]["shape"]: return f"{key} has the shape {answer[key]['shape']}"
            ours, theirs = tensor(answer, key), tensor(case, key)
            allowed = 1e-5 * (1 + sizes[key].detach().reshape(theirs.shape))
        theirs = torch.where(theirs.abs() > torch.finfo(torch.float32).max, theirs.sign() * math.inf, theirs)
        away = torch.where((ours == theirs) | (ours.isnan() & theirs.isnan()), torch.zeros_like(ours), (ours - theirs).abs())
        part = float((away / allowed.clamp_min(1e-300)).max())
        worst[(op, key)] = max(worst.get((op, key), 0), part)
        if not part <= 1: return f"{key} is {part:.3g} times as far away as allowed"
    return None

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("convscope")
    ap.add_argument("--seeds", default="101,102,103")
    ap.add_argument("--cases", default="20")
    a = ap.parse_args()
    make = pathlib.Path(__file__).with_name("make_golden.py")
    worst, wrong, count = {}, 0, 0
    for seed in a.seeds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, make, "--seed", seed, "--cases", a.cases, "--out", folder], check=True)
            for file in sorted(pathlib.Path(folder).glob("*.jsonl")):
                cases = [json.loads(line) for line in file.read_text().splitlines()]
                for case in cases: case.pop("indices", None)  # which cell was the largest: not asked here
                lines = [json.dumps(case) for case in cases]
                ran = subprocess.run([a.convscope, "eval", "-"], input="\n".join(lines), capture_output=True, text=True)
                answers = [json.loads(line) for line in ran.stdout.splitlines()]
                if ran.returncode != 0 or len(answers) != len(lines):
                    print(f"{file.name}: exit code {ran.returncode}, {len(answers)} answers to {len(lines)} cases {ran.stderr}")
                    wrong += 1
                    continue
                for case, answer in zip(cases, answers):
                    count += 1
                    why = check(case, answer, worst) if answer["id"] == case["id"] else f"answered as {answer['id']}"
                    if why:
                        wrong += 1
                        if wrong <= 20: print(f"{case['id']} {case['op']} {case['params']}: {why}")
    for (op, key), part in sorted(worst.items()):
        print(f"{op:18} {key:20} {part:.3f} of what is allowed")
    print(f"{count} cases, {wrong} wrong")
    return 1 if wrong else 0

if __name__ == "__main__":
    sys.exit(main())
