"""How displacements along training depend on the age of a system, in networks and in glasses."""
