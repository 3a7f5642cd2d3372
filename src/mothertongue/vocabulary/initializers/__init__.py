"""Initialisers of embedding rows, one per file; the table of them is `mothertongue.vocabulary.initialize`."""
