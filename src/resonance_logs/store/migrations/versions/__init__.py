"""One module a version of the schema; a landed one is never changed."""
