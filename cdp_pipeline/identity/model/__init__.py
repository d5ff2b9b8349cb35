"""What an agreement is worth: Splink's model, trained, kept, and asked for the weight of a pair."""
