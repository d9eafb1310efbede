"""The methods side by side on MNIST."""
