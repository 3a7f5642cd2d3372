"""Mothertongue teaches an open language model a new language from a folder of text."""
