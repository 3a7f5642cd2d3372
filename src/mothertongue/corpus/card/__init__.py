"""The data card and the audit sheet: what a curation did, as data that people read, dispute and give back.

Enters: the folder of a finished curation. Leaves: `card.json` (drawn by `report.data_card`), `audit.tsv` with documents
near every threshold for a native speaker to judge, and thresholds moved by those verdicts (`field/data-curation`,
contract points 4 and 9; card 14 for what a card must show).
"""
