"""Vocabulary: a base tokenizer and target text enter; a longer tokenizer with proof, and a model with new rows, leave.

Implements card 01 (step 7: the family of initialisers), card 46 (steps 2-4: expansion of the vocabulary, with the safer
order of merges that its pitfalls name) and the policy of card 50 (step 8). Files: `extend` continues the base's BPE
training on the target text, `reach` proves that every new token can be produced, `fertility` measures what is gained,
`initialize` holds the table of initialisers, `expand` gives a model its new rows, `decide` turns measurements into a
decision. Everything but rows and models works without torch.
"""
