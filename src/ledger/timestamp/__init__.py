"""RFC 3161 time-stamps: the request, the response taken apart, its verification.

No network and no clock may live here: whoever asks an authority is `ledger.publish.stamper`.
"""
