"""The program of an audit's worker process: it opens the log and performs the task it is given."""

from ledger.audit.workers import work
from ledger.store.engines import audited_log

if __name__ == "__main__":
    work(lambda address: audited_log(address).open())
