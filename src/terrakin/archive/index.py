"""Indexing: from scenes on disk to rows in an archive, resumably."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from terrakin.archive.ledger import Ledger
from terrakin.archive.report import Summary
from terrakin.archive.run import Find, Run
from terrakin.archive.store import Store
from terrakin.archive.work import Worker
from terrakin.progress import Progress, silent

__all__ = ["index"]


def index(
    find: Find,
    *,
    store: Store,
    ledger: Ledger,
    worker: Worker,
    workers: int,
    sources: Sequence[str] = (),
    prune: bool = False,
    strict: bool = False,
    progress: Progress = silent,
) -> Summary:
    """Bring an archive up to date with what is on disk.

    A scene that the ledger holds with the same stamp is not opened; one with the same content is not read; one that an earlier
    run left half done is continued. Rows are committed in batches, a scene's record after its last row.

    Args:
        find: lists the candidates.
        store: takes the chips.
        ledger: takes the scenes.
        worker: opens, reads and embeds.
        workers: threads.
        sources: paths that `find` lists; what the ledger holds of them and `find` did not list has vanished.
        prune: drop what has vanished.
        strict: raise at the first scene that would be skipped.
        progress: called with chips done and an estimate of all.

    Raises:
        SceneError: if `strict` and something would be skipped.
        ArchiveFullError: if the disk is full; what was committed stays.
    """
    run = Run(store, ledger, worker, strict, progress)
    run.expected = 0 if progress is silent else sum(1 for _ in find())
    pool = ThreadPoolExecutor(workers, thread_name_prefix="terrakin")
    try:
        run.go(find(), pool, ahead=2 * workers)
    except KeyboardInterrupt:
        # Nothing new is begun, what is finished is kept, and what is under way is left for the next run.
        pool.shutdown(cancel_futures=True)
        run.commit()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        worker.close()
    run.commit()
    run.sweep(sources, prune=prune)
    return run.summary
