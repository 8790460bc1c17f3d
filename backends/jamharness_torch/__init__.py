"""The PyTorch backend: batched closed forms on CPU or CUDA."""
