"""The systems of the papers: what w is, and one formula for the gaps of its constraints."""
