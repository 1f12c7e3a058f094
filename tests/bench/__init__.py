"""What things cost, and what is lost meanwhile.

Each file is one noun; tests/bench/run starts them. Numbers are printed, never asserted.
"""
