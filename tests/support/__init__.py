"""What tests share: the real servers they run against, and a labelled project to work on."""
