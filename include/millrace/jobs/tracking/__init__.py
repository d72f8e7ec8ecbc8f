"""MLflow beside the catalog: runs, figures, files and the champion's alias, by one variable.

Nothing here is part of a stage or of a key, and nothing that fails here harms a run.
"""

from millrace.jobs.tracking.champion import champion_changed
from millrace.jobs.tracking.publish import publish

__all__ = ["champion_changed", "publish"]
