"""`python -m tests.faults.run_with_limit BYTES`: a run of project 1 in which no file may become larger than so."""

import resource
import sys

from backend import logs
from backend.loop import job
from backend.settings import load

logs.configure(load())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
job.run(1)
