"""The eight words that pages show for a digest."""

from ledger.http.assets import find_web
from ledger.pages.spoken_words import speaker

LISTED = (find_web() / "static/words.txt").read_text()
spoken = speaker(LISTED)
