"""Why a server, a file or a disk can't be used: one typed cause for each exception and each answer, with its mend."""
