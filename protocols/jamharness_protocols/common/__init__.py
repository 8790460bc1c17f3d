"""What several protocols share: settings, the minimisation that they have in common, and what counts as a minimum."""
