"""How Go's strconv.ParseBool, and so Docker's options, filters and flags, write yes and no."""

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
EITHER = TRUE | FALSE
