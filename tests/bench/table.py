"""A plain table: words on the left of their column, numbers on the right."""


def show(title, head, rows):
    """Print `rows` of strings under `head`; a column whose name ends in a colon is one of words."""
    is_words = [name.endswith(":") for name in head]
    lines = [[name.rstrip(":") for name in head], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    print(title)
    for line in lines:
        cells = [f"{cell:<{width}}" if left else f"{cell:>{width}}"
                 for cell, width, left in zip(line, widths, is_words)]
        print("  " + "  ".join(cells).rstrip())
    print(flush=True)
