"""Steps of a curation: each plans its tasks and holds the function that a task calls. One step a file."""
