"""Where tests run: `protocol` is the promise, `local` and `docker` keep it, `choose` picks one."""
