"""Everything that is shown: plans, status, problems and progress, as text and as JSON."""
