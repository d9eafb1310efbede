"""What the commands of `keras-vabc` for a user's own data do."""
