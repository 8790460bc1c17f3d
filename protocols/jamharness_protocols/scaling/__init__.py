"""How the number of weights at the transition grows with P: on data, and with random labels on the same inputs."""
