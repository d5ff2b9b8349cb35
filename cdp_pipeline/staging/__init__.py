"""Core tables under contract: exports mapped, cells judged, bad rows set aside, every row accounted for."""
