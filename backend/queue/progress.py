"""How far a job is, for whoever looks at it with RQ's tools."""

import rq


def show_progress(done: int, total: int, what: str, **more: float) -> None:
    """Put progress into the current job's meta, where there is a job."""
    job = rq.get_current_job()
    if job is not None:
        # RQ's tools read it without our enums.
        job.meta["progress"] = {"what": str(what), "done": done, "total": total, **more}
        job.save_meta()  # type: ignore[no-untyped-call]
