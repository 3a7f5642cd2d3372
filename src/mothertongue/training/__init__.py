"""Training: token ids and a model enter, a trained model and its measured course leave.

One loop (`loop`) serves every objective (`objectives/`). What a step sees comes from an order (`order`) over packed
rows (`packing`); what is trained is chosen in `trainable`; `checkpoint` makes a killed run continue to the same bits.
Implements the continued pretraining of cards 01 (LoRA with trained embeddings), 46 (on a chat model) and 50 (replay).
"""
