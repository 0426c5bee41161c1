"""The language of Dockerfiles: words, variables and the instructions that change an image's configuration.

Pure: texts and domain values in, domain values out. It imports pier.domain alone, so that commit, import and a builder
share one reading of the language.
"""
