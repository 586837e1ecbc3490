"""The economy recomputed from the log by a program of its own, compared with what is shown.

Nothing of the product's decisions and folds is used here: events are read as plain JSON, and added
up by the simplest means there are. What both agree on is unlikely to be the same mistake twice.
"""

from aia_mas.interfaces.economy_audit.auditing import Report, audit
from aia_mas.interfaces.economy_audit.findings import Difference

__all__ = ["Difference", "Report", "audit"]
