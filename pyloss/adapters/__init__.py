"""pyloss behind other libraries. Each module imports its library when it is used, and not before."""
