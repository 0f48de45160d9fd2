"""How each kind of value becomes a row, and a row the value again."""
