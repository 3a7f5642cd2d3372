"""Models: a name or a folder enters; a loaded model, an adapter, a merged and saved plain folder leaves.

Implements the weight arithmetic of cards 39 (instruction residual) and 46 (ElChat merge and copy). Files:
`bases` finds and checks a base model, `gguf` guards the one binary format that is not safetensors, `load` and `save`
move models between memory and plain folders, `lora` is the adapter, `arithmetic` combines weights,
`doctor` examines a finished folder.
"""
