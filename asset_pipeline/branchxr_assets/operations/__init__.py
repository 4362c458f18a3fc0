"""Operations: document in, document out, options with defaults, what changed in numbers.

One per file. None of them touches the document that it is given.
"""
