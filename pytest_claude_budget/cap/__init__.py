"""What a cap has left while a run goes on, held by all processes of it: reserve before a call is sent, settle after it.

Claims of nano-dollars or calls come in; a `Reservation` goes out, or a `Refused` that says what was left. `store.py` has the
protocol; `mapped_cap.py` holds it on one machine, `postgres_cap.py` on several, and `open_cap.py` chooses. What a call may cost at
most is for `bounds/` to say.
"""
