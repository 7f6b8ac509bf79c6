"""Makes the picture files of image_test.cpp and, beside each, what PIL, ImageMagick or numpy reads in it (.npy).

Run in this folder with python3-numpy, python3-pil and ImageMagick; nothing in the build needs it. The .npy is float32
H×W or H×W×C in [0, 1], transparent parts over white, turned upright. JPEG decoders differ by a step or two of 255.
"""
import subprocess
import numpy as np
from PIL import Image, ImageOps, ImageSequence

H, W = 13, 21
y, x = np.mgrid[0:H, 0:W]
red, green, blue = x * 12, y * 20, (x * 7 + y * 11) % 256
rgb = np.stack([red, green, blue], -1).astype(np.uint8)
grey = ((x * 9 + y * 5) % 256).astype(np.uint8)
alpha = np.clip(x * 20 - 60, 0, 255).astype(np.uint8)
smooth = np.stack([60 + x * 6, 200 - y * 9, 90 + x * 2 + y * 4], -1).astype(np.uint8)


def expect(name, values):
    np.save(name + ".npy", np.asarray(values, np.float32))


def over_white(values):
    a = values[..., -1:].astype(np.float64) / 255
    colour = values[..., :-1] / 255 * a + (1 - a)
    return colour[..., 0] if colour.shape[-1] == 1 else colour


def with_pil(name, image, **options):
    """Writes with PIL, expects what PIL reads."""
    image.save(name, **options)
    back = ImageOps.exif_transpose(Image.open(name))
    if back.mode in ("P", "PA", "RGBA", "LA"):
        back = back.convert("RGBA")
        values = np.asarray(back)
        expect(name, over_white(values))
    elif back.mode == "CMYK":
        expect(name, np.asarray(back.convert("RGB")) / 255)
    else:
        expect(name, np.asarray(back.convert("L" if back.mode in ("1", "L") else "RGB")) / 255)


def with_magick(name, values, depth, *options):
    """Converts raw samples with ImageMagick, expects the samples."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    form = {1: "gray", 3: "rgb", 4: "rgba"}[channels]
    raw = values.astype(">u2" if depth == 16 else np.uint8).tobytes()
    subprocess.run(["convert", "-size", f"{W}x{H}", "-depth", str(depth), "-endian", "MSB", f"{form}:-",
                    "-strip", *options, name], input=raw, check=True)
    expect(name, over_white(values) if channels == 4 else values / (2 ** depth - 1))


# PNG: bit depths, palette, transparency, interlacing
with_pil("grey.png", Image.fromarray(grey))
with_pil("rgb.png", Image.fromarray(rgb))
with_pil("rgba.png", Image.fromarray(np.dstack([rgb, alpha])))
with_pil("grey_alpha.png", Image.fromarray(np.dstack([grey, alpha]), "LA"))
with_pil("palette.png", Image.fromarray(rgb).quantize(16), transparency=3)
with_pil("bits1.png", Image.fromarray(((x + y) % 3 == 0)))
with_magick("interlaced.png", rgb, 8, "-interlace", "PNG")
wide = (x * 3001 + y * 17) % 65536
with_magick("grey16.png", wide, 16, "-define", "png:bit-depth=16")
with_magick("rgb16.png", np.stack([wide, 65535 - wide, (wide * 5) % 65536], -1), 16, "-define", "png:bit-depth=16")
# JPEG: grey, colour, progressive, four colours, every orientation
with_pil("grey.jpg", Image.fromarray(smooth[..., 0]), quality=95)
with_pil("rgb.jpg", Image.fromarray(smooth), quality=95, subsampling=0)
with_pil("progressive.jpg", Image.fromarray(smooth), quality=95, subsampling=0, progressive=True)
with_pil("cmyk.jpg", Image.fromarray(smooth).convert("CMYK"), quality=95)
for orientation in range(2, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    with_pil(f"orientation{orientation}.jpg", Image.fromarray(smooth), quality=95, subsampling=0, exif=exif)
# The rest
with_pil("rgb.bmp", Image.fromarray(rgb))
with_pil("grey.bmp", Image.fromarray(grey))
with_pil("bits1.bmp", Image.fromarray(((x + y) % 3 == 0)))
with_pil("rgb.tga", Image.fromarray(rgb))
with_pil("runs.tga", Image.fromarray(np.dstack([rgb // 64 * 64, alpha])), compression="tga_rle")
with_magick("rgb.psd", rgb, 8)
frames = [Image.fromarray(np.roll(rgb, 3 * i, 1)).quantize(32) for i in range(3)]
frames[0].save("animated.gif", save_all=True, append_images=frames[1:], duration=100)
expect("animated.gif", np.asarray(next(ImageSequence.Iterator(Image.open("animated.gif"))).convert("RGB")) / 255)
# PNM: six layouts, a maximum of 15, 16 bits
with_magick("rgb.ppm", rgb, 8)
with_magick("text.ppm", rgb, 8, "-compress", "none")
with_magick("grey.pgm", grey, 8)
with_magick("text.pgm", grey, 8, "-compress", "none")
with_magick("bits16.pgm", wide, 16)
bits = ((x + y) % 3 == 0).astype(np.uint8) * 255
with_magick("bits.pbm", bits, 8)
with_magick("text.pbm", bits, 8, "-compress", "none")
with open("maximum15.pgm", "wb") as f:
    f.write(b"P5\n# a comment\n%d %d\n15\n" % (W, H) + (grey % 16).tobytes())
expect("maximum15.pgm", grey % 16 / 15)

# HDR, in runs and flat, by Ward's float2rgbe
light = np.stack([0.01 * 2.0 ** (x / 2), 0.3 + 0 * x, 0.001 * (x + 1) * (y + 1)], -1)
largest = light.max(-1)
exponent = np.frexp(largest)[1]
mantissa = np.floor(light * (256.0 / 2.0 ** exponent)[..., None]).astype(np.uint8)
rgbe = np.dstack([mantissa, (exponent + 128).astype(np.uint8)])
back = mantissa * (2.0 ** (exponent - 8))[..., None]
head = b"#?RADIANCE\n# made by make_images.py\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=1\n\n-Y %d +X %d\n" % (H, W)


def runs(row):
    out = b""
    at = 0
    while at < len(row):
        same = 1
        while at + same < len(row) and same < 127 and row[at + same] == row[at]:
            same += 1
        out += bytes([128 + same, row[at]]) if same > 2 else bytes([1, row[at]])
        at += same if same > 2 else 1
    return out


with open("runs.hdr", "wb") as f:
    f.write(head)
    for line in rgbe:
        f.write(bytes([2, 2, W >> 8, W & 255]) + b"".join(runs(line[:, c].tobytes()) for c in range(4)))
with open("flat.hdr", "wb") as f:
    f.write(head + rgbe.tobytes())
expect("runs.hdr", back / back.max())
expect("flat.hdr", back / back.max())
