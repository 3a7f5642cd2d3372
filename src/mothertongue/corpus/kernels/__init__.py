"""Compiled measuring of text: Arrow batches enter, arrays with one value per word, line or document leave.

A batch is cut into slices of bounded size; the texts of a slice lie end to end as code points. Each kernel is compiled
once per machine for one signature and calls no kernel of another file, so that no stale code can stay in a cache.
Kernels know positions and classes of characters; what they mean is decided by the taggers (cards 49, steps 3 and 4).
"""
