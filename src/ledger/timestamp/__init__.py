"""RFC 3161 time-stamps: build the request, parse the response, verify it.

Network and clock do not belong here: `ledger.publish.stamper` sends the requests.
"""
