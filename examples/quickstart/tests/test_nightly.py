import pytest
from anthropic import Anthropic

from helpdesk.nightly import collect, submit
from helpdesk.tickets import Ticket

CLOSED_TODAY = [
    Ticket(number=4690, customer="Marit", text="The chart says 41 is 26 cm, the box says 26.5. I sent both back."),
    Ticket(number=4693, customer="Aoife", text="Third broken zip on a Skerry, always the lowest two centimetres."),
    Ticket(number=4697, customer="Jean-Luc", text="I typed my old address, and the parcel could not be stopped."),
    Ticket(number=4702, customer="Ines", text="You cancelled my fuel: island. Nobody told me when I ordered."),
]


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="nightly", case="average")
def test_tickets_of_the_day_become_one_batch(client: Anthropic) -> None:
    """Nothing is billed yet: the results are, when they are there."""
    assert submit(client, CLOSED_TODAY) == "msgbatch_01LqWm5tRb7ZxKe2VgPd9NcS"


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="nightly", case="average")
def test_running_batch_has_no_lessons_yet(client: Anthropic) -> None:
    assert collect(client, "msgbatch_01HkTs8uCf3YpQw6JrXa4MvB") is None


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="nightly", case="average")
def test_failed_ticket_does_not_cost_the_others_their_lessons(client: Anthropic) -> None:
    lessons = collect(client, "msgbatch_01DnEz4wGj6RtBx8FsUy2KpC")

    assert lessons is not None
    assert sorted(lessons.by_ticket) == [4690, 4693, 4702]
    assert "zip" in lessons.by_ticket[4693]
    assert lessons.failed == {4697: "Internal server error"}
