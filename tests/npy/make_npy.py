"""Makes the files of npy_test.cpp with numpy. Run in this folder; nothing in the build needs it.

<type>.npy holds 0 … 23 as 2×3×4 (floats: divided by 2, less 3; bool: odd ones); big_ and fortran_ are the same numbers.
"""
import numpy as np

for name in "f2 f4 f8 i1 u1 i2 u2 i4 u4 i8 u8".split():
    values = np.arange(24).reshape(2, 3, 4)
    if name[0] == "f":
        values = values / 2 - 3
    np.save(f"{name}.npy", values.astype("<" + name))
    if name[1] != "1":
        np.save(f"big_{name}.npy", values.astype(">" + name))
np.save("bool.npy", np.arange(24).reshape(2, 3, 4) % 2 == 1)
np.save("fortran_f4.npy", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<f4") / 2 - 3))
np.save("fortran_4d.npy", np.asfortranarray(np.arange(120).reshape(2, 3, 4, 5).astype("<i2")))
for axes in range(5):
    np.save(f"axes{axes}.npy", np.arange(2 ** axes, dtype="<f4").reshape((2,) * axes))
np.save("axes5.npy", np.zeros((1, 1, 1, 1, 1), "<f4"))
np.save("halves.npy", np.array([0, -0.0, 1, -2.5, 65504, 6e-8, 6.1e-5, np.inf, -np.inf, np.nan], "<f2"))
np.save("doubles.npy", np.array([0.1, 1e39, -1e39, 3.4028235e38, 1e-46, np.inf, np.nan, 16777217.0], "<f8"))
np.save("longs.npy", np.array([2 ** 53 + 1, -2 ** 63, 16777217], "<i8"))
np.save("complex.npy", np.zeros(3, "c8"))
np.save("text.npy", np.array(["a", "b"]))
np.save("objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save("records.npy", np.zeros(2, [("x", "f4"), ("y", "i4")]))
np.save("empty.npy", np.zeros((3, 0, 2), "<f4"))
np.savez("archive.npz", a=np.zeros(3))
with open("version2.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(24).reshape(2, 3, 4).astype("<f4") / 2 - 3, version=(2, 0))
