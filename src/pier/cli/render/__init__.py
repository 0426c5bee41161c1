"""How answers look: tables, Go templates, sizes and times, progress. Pure text work; imports nothing outside itself."""
