"""What this distribution offers; importing it does not import JAX."""

from jamharness.api import CAPABILITIES, BackendSpec, hookimpl

PROVIDED = CAPABILITIES - {"truncated_step", "replicas"}


@hookimpl
def jamharness_backends():
    text, factory = "JAX: compiled, every derivative its own", "jamharness_jax.backend:JaxBackend"
    return [BackendSpec(name="jax", factory=factory, capabilities=PROVIDED, distributions=("jax>=0.5",), summary=text)]
