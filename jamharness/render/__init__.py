"""What the user sees: tables, summaries and progress."""
