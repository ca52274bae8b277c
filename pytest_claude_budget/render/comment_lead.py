"""The two ways on from a red comment, in one line below its heading: for who has five seconds, or a telephone."""

from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.render.comment_limits import by_limit
from pytest_claude_budget.render.comment_remedies import in_short
from pytest_claude_budget.render.comment_values import Document, failing, not_known
from pytest_claude_budget.render.markdown_text import counted


def lead(document: Document) -> list[str]:
    """Name the step that saves most, and what accepting takes; how both are done is said further down.

    Empty where nothing fails for its cost, where no step is known, and where an update would be refused for what is not known
    or for a cap that ended the run: that comes first.
    """
    step, over = in_short(document), failing(document)
    if not step or not_known(document) or document["verdict"].get("capped"):
        return []
    by_hand = len(by_limit(breach for breach in over if breach["measure"] not in INCREASES))
    increases = any(breach["measure"] in INCREASES for breach in over)
    raised = f"Raise {counted(by_hand, 'limit')}" if by_hand else ""
    way = f"{raised}, then accept" if raised and increases else raised or "Accept it"
    return ["", f"**Not intended?** {step[0].upper()}{step[1:]}. **Intended?** {way}: steps below."]
