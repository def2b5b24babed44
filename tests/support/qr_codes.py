"""What a telephone reads in a QR code that the server drew, by a reader of other authors."""

import re

import zxingcpp

MODULE_PX = 4


def read(svg: str) -> str:
    """Return the text in a QR code: one path of horizontal strokes, on white."""
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]  # square
    pixels = bytearray(b"\xff" * (size * MODULE_PX) ** 2)
    x, y = 0.0, 0.0
    path = re.search(r'stroke="#000" d="([^"]+)"', svg)[1]  # type: ignore[index]  # drawn so
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?", path):
        if command == "h":
            for row in range(int(y) * MODULE_PX, (int(y) + 1) * MODULE_PX):
                begin = row * size * MODULE_PX + int(x) * MODULE_PX
                length = int(first) * MODULE_PX
                pixels[begin : begin + length] = bytes(length)
            x += int(first)
        elif command == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    image = memoryview(bytes(pixels)).cast("B", (size * MODULE_PX,) * 2)
    (found,) = zxingcpp.read_barcodes(image)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return found.text
