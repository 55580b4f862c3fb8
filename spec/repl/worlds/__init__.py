"""What can be stepped through, and how it is shown. Everything that imports the machines is in here."""
