"""Output of processes: FIFOs, spools, log files, live readers and the reading of logs.

    process -> FIFO -> splice -> spool (exec-root) -> formatter thread -> log file (data-root)
                                   `-> live readers

The splice is the only step that consumes, and a SIGKILL cannot tear it: bytes are in the FIFO or in the spool, never
in neither. A checkpoint says how far the spool went into the log; after a crash the log is cut to it and written on.

May import pier.domain and msgspec. The keeper of descriptors is handed in (`pier.logs.streams.DescriptorKeeper`).
"""
