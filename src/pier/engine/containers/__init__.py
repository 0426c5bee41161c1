"""Use cases of containers, one file for each verb or pair of verbs; `facade.Containers` puts them together."""
