"""Makes the files of safetensors_test.cpp with numpy and PyTorch. Run in this folder; nothing in the build needs it.

Debian has no safetensors package, so `save` writes the format as Hugging Face's writer does: tensors sorted by the size of
their type, largest first, then by name; the header padded with spaces to a multiple of 8. Where the package is installed
the files are read with it and compared.
"""
import hashlib
import json
import struct

import numpy as np
import torch

WORDS = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
BITS = {torch.bfloat16: torch.int16}


def save(name, tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for key, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        tensor = tensor.detach().contiguous()
        bits = tensor.view(BITS[tensor.dtype]) if tensor.dtype in BITS else tensor
        values = bits.numpy().tobytes()
        header[key] = {"dtype": WORDS[tensor.dtype], "shape": list(tensor.shape),
                       "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(name, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    try:
        from safetensors.torch import load_file
    except ImportError:
        return
    for key, tensor in load_file(name).items():
        assert torch.equal(tensor, tensors[key]) and tensor.dtype == tensors[key].dtype, key


# 0 … 23 as 2×3×4, floats divided by 2, less 3; bool: odd ones.
count = torch.arange(24).reshape(2, 3, 4)
types = {WORDS[t]: (count / 2 - 3).to(t) if t.is_floating_point else count % 2 == 1 if t == torch.bool else count.to(t)
         for t in WORDS}
save("types.safetensors", types, {"format": "pt", "note": "every type that PyTorch 1.13 has"})
save("axes.safetensors", {f"axes{n}": torch.arange(2 ** n, dtype=torch.float32).reshape((2,) * n) for n in range(6)}
     | {"empty": torch.zeros(3, 0, 2)})

# All 65,536 halves and bfloat16s as float32, NaNs as one pattern.
bits = torch.arange(65536, dtype=torch.int32).to(torch.int16)
for name, values in [("float16 by numpy", bits.numpy().view(np.float16).astype("<f4")),
                     ("float16 by torch", bits.view(torch.float16).float().numpy()),
                     ("bfloat16 by torch", bits.view(torch.bfloat16).float().numpy())]:
    values = values.copy()
    print(name, np.isnan(values).sum(), "NaN", end=" ")
    values.view("<u4")[np.isnan(values)] = 0x7FC00000
    print(hashlib.sha256(values.tobytes()).hexdigest())


# State dicts of real models for state_dict_test.cpp, with an input and PyTorch's output for it.
class Named(torch.nn.Module):
    """Eleven layers of one shape: sorted by name, conv10 and conv11 stand before conv2."""

    def __init__(self):
        super().__init__()
        for n in range(1, 12):
            setattr(self, f"conv{n}", torch.nn.Conv2d(2, 2, 3, padding=1))

    def forward(self, x):
        for n in range(1, 12):
            x = getattr(self, f"conv{n}")(x)
        return x


class Block(torch.nn.Module):
    """Names of one's own, batch norm in front of its convolution in the alphabet, one layer without bias."""

    def __init__(self):
        super().__init__()
        self.up = torch.nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1, bias=False)
        self.bn_up = torch.nn.BatchNorm2d(3)
        self.act = torch.nn.ReLU()
        self.conv = torch.nn.Conv2d(3, 2, 3)
        self.bn_conv = torch.nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn_conv(self.conv(self.act(self.bn_up(self.up(x)))))


def save_model(name, model, x, prefix=""):
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(7 if tensor.dim() == 0 else torch.rand(tensor.shape) + (0.5 if "running_var" in key else -0.5))
        tensors = {prefix + key: tensor for key, tensor in model.state_dict().items()}
        save(name, tensors | {"input": x, "output": model.eval()(x)}, {"format": "pt"})


torch.manual_seed(1)
nn = torch.nn
save_model("named.safetensors", Named(), torch.rand(1, 2, 4, 4))
save_model("block.safetensors", Block(), torch.rand(2, 2, 3, 3))
save_model("sequential.safetensors", nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 1)),
           torch.rand(1, 2, 5, 5), "features.")

# For tests/scripts: a kernel for the document the window opens on, and one of another shape.
save("../scripts/weights.safetensors", {"conv.weight": torch.arange(1, 10).reshape(1, 1, 3, 3).float(), "conv.bias": torch.ones(1)})
save("../scripts/wrong.safetensors", {"conv.weight": torch.zeros(8, 3, 3, 3)})
