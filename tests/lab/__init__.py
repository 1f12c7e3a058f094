"""The test lab: hosts, wires and mirrors made of network namespaces.

Each file is one noun. Nothing here knows pytest; tests/netns, tests/systemd and tests/bench use it.
"""
