"""Speed of neurogeom beside what a user would otherwise install; answers are compared before anything is timed."""
