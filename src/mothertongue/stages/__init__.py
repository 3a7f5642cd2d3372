"""The stages of a run: each reads finished folders and writes one of its own. Stages know files; rooms do not.

`teach` strings them together in the order in which they run. A stage's `version` is raised by hand when its
output changes for the same options and inputs.
"""
