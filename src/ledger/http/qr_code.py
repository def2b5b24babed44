"""QR codes as SVG, drawn by the server: a page needs no script and no other server for them."""

from functools import lru_cache
from io import BytesIO

import segno

# Modules of the quiet zone around a code: ISO/IEC 18004 section 6.3.8 asks for four.
QUIET_ZONE = 4


@lru_cache(maxsize=256)
def svg(text: str) -> str:
    """Return a QR code of a text, dark on white in both colour schemes, for any size.

    Error correction M: 15 % of the code may be unreadable.
    """
    drawn = BytesIO()
    segno.make_qr(text, error="m").save(
        drawn,
        kind="svg",
        border=QUIET_ZONE,
        dark="#000",
        light="#fff",
        omitsize=True,
        xmldecl=False,
        nl=False,
        svgclass=None,
        lineclass=None,
    )
    return drawn.getvalue().decode()
