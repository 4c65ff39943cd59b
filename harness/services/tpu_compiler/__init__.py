"""The TPU compiler as a service: XLA for TPU, ahead of time, on a machine without one.

Its own environment (`environment`), one warm process in it (`worker`, run by its interpreter and no part of the harness;
`supervisor` is the driver's end), what is kept of it (`kept`), and the address that cells ask (`service`). `chips` holds
what a chip can do at most, `answers` the words that travel. Must not know of cells, cases or runs.
"""
