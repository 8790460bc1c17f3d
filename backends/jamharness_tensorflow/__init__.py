"""The TensorFlow backend: graphs traced once per network, XLA where a whole loop can be compiled."""
