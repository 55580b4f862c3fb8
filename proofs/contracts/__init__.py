"""Laws of the production functions, each confirmed by CrossHair over all paths: for all integers, not for examples.

Rules
- A law is a top-level function that returns whether it holds. It calls the production function; it never repeats it.
- Its docstring is one sentence, then ``pre:`` lines (what it is about) and ``post: _`` (it holds).
- Its arguments are integers and truth values. Texts are picked from a short list: CrossHair compares unbounded texts
  wrongly (``a <= b or b <= a`` is refuted for texts with NUL characters), and the code only ever compares them.
- ``confirm.py`` runs them and counts nothing but "Confirmed over all paths".
"""
