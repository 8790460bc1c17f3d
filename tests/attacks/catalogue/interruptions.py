"""To come."""
ATTACKS = ()
