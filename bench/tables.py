"""Tables in Markdown, as the generated pages have them."""


def table(*columns: str) -> str:
    """The head of a table."""
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def row(*cells: object) -> str:
    """One line of it."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"
