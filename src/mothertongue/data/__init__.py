"""Data that travels with the package: the sample, tables, codes of messages, recipes."""
