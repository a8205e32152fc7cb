"""What every room stands on: validation, seeds, units of work, memory, warnings. Private."""
